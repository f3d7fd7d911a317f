# The operator's image: Node, and one file. For linux/amd64 and linux/arm64, whatever builds it: no program is run for another architecture than the builder's.
#
#   docker build -t azure-ir-operator:0.1.0 .

# C libraries and certificate authorities; no shell, no package manager. Its tags name no versions: `nonroot` is what was built last for Debian 12. To build
# the same image again, give the digest that you have tried, with --build-arg BASE=gcr.io/distroless/cc-debian12@sha256:…
# (Only an ARG above the first FROM counts in a FROM.)
ARG BASE=gcr.io/distroless/cc-debian12:nonroot

# What comes out of it is JavaScript, the same on every architecture.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS build
WORKDIR /build
# First what is needed to install the packages: as long as it does not change, they are not installed again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts scripts
COPY crds crds
COPY src src
RUN npm run build

# From here and not from a base that has Node: this is the very version that the tests run. Of the image's own architecture, and nothing is run in it.
FROM node:24.21.0-bookworm-slim AS node

FROM ${BASE}
COPY --from=node /usr/local/bin/node /nodejs/bin/node
COPY --from=build /build/dist/main.mjs /app/main.mjs
ENV NODE_ENV=production
# The C library keeps freed memory for each of the threads that ever asked for some, and all that lies below what is still in use. These three give it
# back: about 20 MiB less resident at 1,000 objects.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=16384
ENV MALLOC_TOP_PAD_=0
# By number, because Kubernetes cannot tell from a name that it is not root.
USER 65532:65532
EXPOSE 8080 8081
# Node's own settings let the heap grow to several times of what is in it before they look for garbage: about 110 MiB more resident at 1,000 objects.
# V8 takes both only when it starts, and NODE_OPTIONS does not take the second.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "--heap-growing-percent=20", "/app/main.mjs"]
