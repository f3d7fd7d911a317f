# The operator's image: Node and one file.
#
#   docker build -t azure-ir-operator:0.1.0 .

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
# First what is needed to install the packages: as long as it does not change, they are not installed again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts scripts
COPY crds crds
COPY src src
RUN npm run build

# No shell, no package manager; it runs as the user 65532 and writes nothing to its own file system.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
COPY --from=build /build/dist/main.js /app/main.js
ENV NODE_ENV=production
# By number, because Kubernetes cannot tell from a name that it is not root.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/nodejs/bin/node", "/app/main.js"]
