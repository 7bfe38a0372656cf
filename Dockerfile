# Two stages: the toolchain builds, a small image runs as nobody. Neither `.ci/run` nor `./tests/run` builds it: it is built
# by hand, with Docker, Podman or Buildah.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin roundsman \
 && mkdir /data

FROM debian:bookworm-slim
# The system's CA files: the model's, the clusters' and the platforms' certificates are checked against them.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/roundsman /usr/local/bin/roundsman
# The configuration's data_dir belongs to who runs; a volume over it has to as well.
COPY --from=build --chown=65532:65532 /data /var/lib/roundsman
USER 65532:65532
VOLUME /var/lib/roundsman
ENTRYPOINT ["/usr/local/bin/roundsman"]
CMD ["run", "--config", "/etc/roundsman/roundsman.toml"]
