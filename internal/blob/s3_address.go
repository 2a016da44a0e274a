package blob

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// An s3Address is what s3://bucket/prefix?endpoint=…&region=…&path_style=…&spool=…&ca=… says.
type s3Address struct {
	bucket, prefix string
	host           string
	secure         bool
	region         string
	lookup         minio.BucketLookupType
	spool          string
	roots          *x509.CertPool // nil is the system's
}

// parseS3 refuses what it does not know: a setting spelled wrong would silently not hold.
func parseS3(address string) (at s3Address, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.User != nil || u.Fragment != "" {
		return at, fmt.Errorf("the S3 address %q must look like s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1, without the keys", address)
	}
	at = s3Address{bucket: u.Host, prefix: strings.Trim(u.Path, "/"), host: "s3.amazonaws.com", secure: true, lookup: minio.BucketLookupAuto}
	if err := s3utils.CheckValidBucketNameStrict(at.bucket); err != nil {
		return at, fmt.Errorf("the S3 address %q names no bucket: %w", address, err)
	}
	if at.prefix != "" {
		at.prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return at, fmt.Errorf("the S3 address %q cannot be read: %w", address, err)
	}
	for name, values := range query {
		if err := at.set(name, values[len(values)-1]); err != nil {
			return at, err
		}
	}
	return at, nil
}

func (at *s3Address) set(name, value string) error {
	switch name {
	case "region":
		at.region = value
	case "endpoint":
		return at.setEndpoint(value)
	case "path_style":
		path, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("path_style in the S3 address is %q; it should be true or false", value)
		}
		at.lookup = minio.BucketLookupDNS
		if path {
			at.lookup = minio.BucketLookupPath
		}
	case "spool":
		if info, err := os.Stat(value); err != nil || !info.IsDir() {
			return fmt.Errorf("spool in the S3 address is %q; it should be a folder with room for the uploads on their way", value)
		}
		at.spool = value
	case "ca":
		return at.trust(value)
	default:
		return fmt.Errorf("the S3 address has %q; it knows endpoint, region, path_style, spool and ca", name)
	}
	return nil
}

// trust adds the certificates of a file to those of the system.
func (at *s3Address) trust(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("ca in the S3 address is %q; it should be a file with the certificate of the authority that vouches for the server: %w", file, err)
	}
	if at.roots, err = x509.SystemCertPool(); err != nil {
		at.roots = x509.NewCertPool()
	}
	if !at.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca in the S3 address is %q, which holds no certificate; it should hold that of the authority in PEM", file)
	}
	return nil
}

func (at *s3Address) setEndpoint(value string) error {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	e, err := url.Parse(value)
	if err != nil || e.Host == "" || e.Path != "" && e.Path != "/" || e.Scheme != "https" && e.Scheme != "http" {
		return fmt.Errorf("endpoint in the S3 address is %q; it should be scheme and host, such as https://s3.example.com", value)
	}
	at.host, at.secure = e.Host, e.Scheme == "https"
	return nil
}
