package blob

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// How long an S3 server may take. A reader of a page does not wait for one that is away.
const (
	dialTime   = 2 * time.Second
	answerTime = 3 * time.Second  // for whether it is there, before an upload is read
	headerTime = 60 * time.Second // for the answer to a whole file
	tries      = 3
)

// S3 is a Store in a bucket of an S3 server. Any number of replicas may share it.
type S3 struct {
	core           *minio.Core
	bucket, prefix string
	spool          string
	arriving       Arriving
}

var _ Store = (*S3)(nil)

// Credentials are the keys to an S3 server. Without them the usual places are asked: the
// AWS variables, the shared credentials file, the role of the machine.
type Credentials struct{ AccessKey, SecretKey string }

// OpenS3 prepares a store at an address such as s3://bucket/prefix?endpoint=…&region=….
// It asks the server nothing; Check does.
func OpenS3(address string, keys Credentials) (*S3, error) {
	at, err := parseS3(address)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: at.roots},
		TLSHandshakeTimeout:   dialTime,
		ResponseHeaderTimeout: headerTime,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // a stored .gz comes back as it is
	}
	core, err := minio.NewCore(at.host, &minio.Options{
		Creds: keys.chain(), Secure: at.secure, Region: at.region, BucketLookup: at.lookup,
		Transport: transport, TrailingHeaders: true, MaxRetries: tries,
	})
	if err != nil {
		return nil, fmt.Errorf("the S3 address %q cannot be used: %w", address, err)
	}
	core.SetAppInfo("assay", "")
	return &S3{core: core, bucket: at.bucket, prefix: at.prefix, spool: at.spool}, nil
}

func (k Credentials) chain() *credentials.Credentials {
	if k.AccessKey != "" || k.SecretKey != "" {
		return credentials.NewStaticV4(k.AccessKey, k.SecretKey, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{},
	})
}

// Before implements Store.
func (s *S3) Before(f Arriving) { s.arriving = f }

// Put implements Store. The name of an object is the digest of its bytes, which is known
// at their end: they wait in a file that has no name and goes with the process. A server
// that is away is noticed before the first byte is read.
func (s *S3) Put(ctx context.Context, r io.Reader, limit int64) (Blob, error) {
	if err := s.there(ctx); err != nil {
		return Blob{}, err
	}
	file, b, err := s.receive(ctx, r, limit)
	if err != nil {
		return Blob{}, err
	}
	defer file.Close()
	if err = s.arriving.ask(ctx, b); err == nil {
		b.Version, err = s.create(ctx, b, file)
	}
	if err != nil {
		return Blob{}, err
	}
	return b, nil
}

// receive reads r into a spool, which is at its beginning again when it is returned.
func (s *S3) receive(ctx context.Context, r io.Reader, limit int64) (*spool, Blob, error) {
	file, err := newSpool(s.spool)
	if err != nil {
		return nil, Blob{}, asFull(err)
	}
	b, err := copyHashed(file, untilDone{ctx, r}, limit, sha256.New())
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, Blob{}, asFull(errors.Join(err, file.Close()))
	}
	return file, b, nil
}

// there asks whether the bucket answers, and does not ask for long.
func (s *S3) there(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	found, err := s.core.BucketExists(short, s.bucket)
	if err == nil && !found {
		err = errors.New("there is no bucket " + s.bucket)
	}
	return s.failure(ctx, err)
}

// create sends the bytes under their name, unless an object has it. The server computes
// their SHA-256 and refuses others.
func (s *S3) create(ctx context.Context, b Blob, body io.Reader) (version string, err error) {
	version, err = s.send(ctx, s.key(b.Digest), b.Digest, b.Size, body)
	if minio.ToErrorResponse(err).StatusCode != http.StatusPreconditionFailed {
		return version, s.failure(ctx, err)
	}
	held, err := s.stat(ctx, b.Digest)
	if err != nil {
		return "", err
	}
	if sum := held.ChecksumSHA256; held.Size != b.Size || sum != "" && sum != checksum(b.Digest) {
		return "", fmt.Errorf("the object %s was there already: %w", held.Key, ErrCorrupt)
	}
	return held.VersionID, nil
}

// send is one conditional PUT. Checksums that trail the body were refused by a server
// over plain HTTP, and a header does as well when the digest is known.
func (s *S3) send(ctx context.Context, key, digest string, size int64, body io.Reader) (version string, err error) {
	o := minio.PutObjectOptions{
		UserMetadata: map[string]string{"x-amz-checksum-sha256": checksum(digest)}, DisableMultipart: true,
	}
	o.SetMatchETagExcept("*")
	sent, err := s.core.PutObject(ctx, s.bucket, key, body, size, "", digest, o)
	return sent.VersionID, err
}

// checksum is a digest as S3 writes it.
func checksum(digest string) string {
	raw, _ := hex.DecodeString(digest) // of our own making
	return base64.StdEncoding.EncodeToString(raw)
}

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, digest string) (Info, error) {
	o, err := s.stat(ctx, digest)
	return Info{digest, o.Size, o.LastModified, o.VersionID}, err
}

func (s *S3) stat(ctx context.Context, digest string) (minio.ObjectInfo, error) {
	if err := findable(ctx, digest); err != nil {
		return minio.ObjectInfo{}, err
	}
	o, err := s.core.StatObject(ctx, s.bucket, s.key(digest), minio.StatObjectOptions{Checksum: true})
	if err == nil || !missing(err) {
		return o, s.failure(ctx, err)
	}
	version, err := s.hidden(ctx, digest)
	if err != nil {
		return o, err
	}
	o, err = s.core.StatObject(ctx, s.bucket, s.key(digest), minio.StatObjectOptions{Checksum: true, VersionID: version})
	return o, s.failure(ctx, err)
}

// hidden finds the version behind a delete marker. Where versions are kept, as under an
// object lock, somebody who deletes an object only hides it.
func (s *S3) hidden(ctx context.Context, digest string) (version string, err error) {
	key := s.key(digest)
	ctx, cancel := context.WithCancel(ctx) // ends the listing
	defer cancel()
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true}) {
		if o.Err != nil {
			return "", s.failure(ctx, o.Err)
		}
		if o.Key == key && !o.IsDeleteMarker && o.VersionID != "" && o.VersionID != "null" {
			return o.VersionID, nil
		}
	}
	return "", fmt.Errorf("blob %.64q: %w", digest, ErrNotFound)
}

// List implements Store.
func (s *S3) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Info{}, s.failure(ctx, o.Err))
				return
			}
			digest := path.Base(o.Key)
			if !isDigest(digest) || o.Key != s.key(digest) {
				continue // somebody else's, or a probe's
			}
			if !yield(Info{digest, o.Size, o.LastModified, o.VersionID}, nil) {
				return
			}
		}
	}
}

// Remove implements Store. Where the bucket keeps versions, every one of them goes: one
// that stayed would be found again.
func (s *S3) Remove(ctx context.Context, digest string) error {
	if err := findable(ctx, digest); err != nil {
		return err
	}
	return s.removeAll(ctx, s.key(digest))
}

func (s *S3) removeAll(ctx context.Context, key string) error {
	var versions []string
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true}) {
		if o.Err != nil {
			return s.failure(ctx, o.Err)
		}
		if o.Key == key {
			versions = append(versions, o.VersionID)
		}
	}
	for _, v := range versions {
		if err := s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{VersionID: v}); err != nil {
			if minio.ToErrorResponse(err).StatusCode == http.StatusForbidden {
				return fmt.Errorf("%s: %w", path.Base(key), ErrLocked)
			}
			return s.failure(ctx, err)
		}
	}
	return nil
}

// Tidy implements Store. This program sends each file in one piece; what is cut off half
// way in parts was some other's, under our prefix.
func (s *S3) Tidy(ctx context.Context) error {
	for u := range s.core.ListIncompleteUploads(ctx, s.bucket, s.prefix, true) {
		if u.Err != nil {
			return s.failure(ctx, u.Err)
		}
		if time.Since(u.Initiated) < leftoverAge {
			continue
		}
		if err := s.core.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID); err != nil {
			return s.failure(ctx, err)
		}
	}
	return nil
}

// Lock implements Locker.
func (s *S3) Lock(ctx context.Context, digest string, until time.Time) error {
	o, err := s.stat(ctx, digest)
	if err != nil {
		return err
	}
	mode := minio.Compliance
	err = s.core.PutObjectRetention(ctx, s.bucket, s.key(digest), minio.PutObjectRetentionOptions{
		Mode: &mode, RetainUntilDate: &until, VersionID: o.VersionID,
	})
	return s.failure(ctx, err)
}

// Locks implements Locker.
func (s *S3) Locks(ctx context.Context) (bool, error) {
	enabled, _, _, _, err := s.core.GetObjectLockConfig(ctx, s.bucket) //nolint:dogsled // it is how the library answers
	if code := minio.ToErrorResponse(err).Code; code == "ObjectLockConfigurationNotFoundError" || code == "NoSuchObjectLockConfiguration" || code == "NotImplemented" {
		return false, nil
	}
	return enabled == "Enabled", s.failure(ctx, err)
}

func (s *S3) key(digest string) string { return s.prefix + digest[:2] + "/" + digest }

func missing(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.NoSuchKey || code == minio.NoSuchVersion || minio.ToErrorResponse(err).StatusCode == http.StatusNotFound && code != minio.NoSuchBucket
}

// failure sorts an error of the server: what is not there, what the caller ended, and
// everything else, which is a store that is away.
func (s *S3) failure(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case missing(err):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
