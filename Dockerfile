# Assay as one static binary in an empty image: no shell, no package manager, nobody but an unprivileged user.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t assay .
#   docker run -p 8080:8080 -v assay:/data -v assay-keys:/keys -e ASSAY_BASE_URL=… -e ASSAY_OIDC_ISSUER=… assay

FROM golang:1.26-bookworm AS build
WORKDIR /src
# The modules are a layer of their own: they change less often than the source.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/assay ./cmd/assay \
 && ./scripts/licences.sh texts > /out/THIRD_PARTY_LICENSES \
 && mkdir -p /out/data /out/keys /out/tmp && chmod 1777 /out/tmp \
 && printf 'assay:x:65532:65532::/data:/sbin/nologin\n' > /out/passwd

FROM scratch
# Certificates to reach the identity provider, time zones for the periods of engagements, a name for the user.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip
COPY --from=build /out/passwd /etc/passwd
COPY --from=build /out/assay /assay
COPY LICENSE NOTICE /
COPY --from=build /out/THIRD_PARTY_LICENSES /THIRD_PARTY_LICENSES
# Both are created with their owner here, as new volumes take over both. The key that signs the log is kept apart from
# the database and its backups.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=0700 /out/keys /keys
COPY --from=build /out/tmp /tmp

ENV ZONEINFO=/usr/local/go/lib/time/zoneinfo.zip \
    ASSAY_ADDR=:8080 \
    ASSAY_DATABASE_URL=sqlite:///data/assay.db \
    ASSAY_BLOB_URL=file:///data/blobs \
    ASSAY_SIGNING_KEY_FILE=/keys/log.key
USER 65532:65532
WORKDIR /data
VOLUME ["/data", "/keys"]
EXPOSE 8080
# The binary asks itself: there is no curl here, and the check needs no port open to anybody else.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/assay", "health"]
ENTRYPOINT ["/assay"]
CMD ["serve"]
