#!/bin/bash

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

# Makes the two images of the module with buildah:
#
#   backup-monitor       what NS8 installs: imageroot/ and the built pages, with the labels that the core reads
#   backup-monitor-app   what runs: one static binary, CA certificates, time zones, and a user
#
#   REPOBASE   where they are published, ghcr.io/nethserver by default
#   IMAGETAG   their tag, latest by default: the module image names the tag of the app image that belongs to it
#   BUILDER    container (default): Rust and Node come from images of docker.io. host: this machine's cargo and npm
#              are used, with its CA certificates and time zones, and nothing is pulled
#
# The list of images goes to GITHUB_OUTPUT where a workflow has set it.

set -euo pipefail
cd "$(dirname "$0")"

repobase=${REPOBASE:-ghcr.io/nethserver}
repobase=${repobase,,} # registries refuse upper case
imagetag=${IMAGETAG:-latest}
builder=${BUILDER:-container}
images=()

# Who runs in the app image. No user of the node: in a rootless container it is one of the module's subordinate ids.
app_user=1000

rust_image=docker.io/library/rust:1.89-alpine
node_image=docker.io/library/node:22-slim

# Under the target directory of cargo, which is out of git already.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${PWD}/target}
stage=${CARGO_TARGET_DIR}/app-image
target=$(uname -m)-unknown-linux-musl

# Working containers that a failed build would leave behind.
containers=()
trap '((${#containers[@]} == 0)) || buildah rm "${containers[@]}" >/dev/null' EXIT

# in_builder NAME IMAGE COMMAND: runs a shell command among the sources, in a builder container that later builds use
# again. Its target directory is its own: another compiler made it.
in_builder() {
    local name=$1 image=$2
    if ! buildah containers --format '{{.ContainerName}}' | grep -qx "${name}"; then
        echo "Pulling ${image}..."
        buildah from --name "${name}" -v "${PWD}:/usr/src:Z" "${image}"
    fi
    buildah run --workingdir=/usr/src --env=CARGO_TARGET_DIR=/usr/src/target/builder "${name}" sh -ec "$3"
}

build_app() {
    echo "Building the static binary..."
    case ${builder} in
    host)
        cargo build --locked --release --target "${target}"
        ./container/stage-app.sh "${CARGO_TARGET_DIR}/${target}/release/ns8-backup-monitor" "${stage}"
        ;;
    container)
        stage=${PWD}/target/app-image
        in_builder rustbuilder-backup-monitor "${rust_image}" "
            apk add --no-cache bash ca-certificates gcc musl-dev tzdata
            cargo build --locked --release --target ${target}
            ./container/stage-app.sh target/builder/${target}/release/ns8-backup-monitor target/app-image
        "
        ;;
    esac
}

# No package gets to run scripts of its own on installation: none of them needs it.
build_ui() {
    [[ -e ui/package.json ]] || return 0
    echo "Building the pages..."
    case ${builder} in
    host) (cd ui && npm ci --ignore-scripts --no-audit --no-fund && npm run build) ;;
    container) in_builder nodebuilder-backup-monitor "${node_image}" "cd ui && npm ci --ignore-scripts --no-audit --no-fund && npm run build" ;;
    esac
}

# commit CONTAINER NAME: under the name without a tag, which is what gets published, and with its tag for this machine.
commit() {
    buildah commit --rm "$1" "$2"
    unset 'containers[-1]'
    [[ ${imagetag} == latest ]] || buildah tag "$2" "$2:${imagetag}"
    images+=("$2")
}

[[ ${builder} == host || ${builder} == container ]] || { echo "BUILDER is host or container, not ${builder}" >&2; exit 2; }

build_app
container=$(buildah from scratch)
containers+=("${container}")
buildah add --chown=0:0 "${container}" "${stage}" /
# The volume's mount point, from which a new volume takes its owner.
mkdir -p "${stage}.state/backup-monitor"
chmod 700 "${stage}.state/backup-monitor"
buildah add --chown="${app_user}:${app_user}" "${container}" "${stage}.state" /var/lib
buildah config \
    --user="${app_user}:${app_user}" \
    --workingdir=/var/lib/backup-monitor \
    --entrypoint='["/usr/bin/ns8-backup-monitor"]' \
    --env=PATH=/usr/bin \
    --env=STATE_DIR=/var/lib/backup-monitor \
    --label=org.opencontainers.image.title=backup-monitor-app \
    --label=org.opencontainers.image.licenses=GPL-3.0-or-later \
    "${container}"
commit "${container}" "${repobase}/backup-monitor-app"

build_ui
container=$(buildah from scratch)
containers+=("${container}")
buildah add --chown=0:0 "${container}" imageroot /imageroot
# Where the pages are not built, there is at least what the Software Center shows.
pages=ui/public
[[ ! -d ui/dist ]] || pages=ui/dist
buildah add --chown=0:0 "${container}" "${pages}" /ui
# - cluster:reader lets the service ask the cluster's API for the snapshots of any repository (read-backup-snapshots);
#   it needs to write nowhere.
# - No org.nethserver.volumes: that is for big data on slow disks, and the journal is neither.
# - min-core: since 3.20, a backup's status is written where the service reads it.
buildah config --entrypoint=/ \
    --label="org.nethserver.authorizations=cluster:reader" \
    --label="org.nethserver.tcp-ports-demand=1" \
    --label="org.nethserver.rootfull=0" \
    --label="org.nethserver.max-per-node=1" \
    --label="org.nethserver.min-core=3.20.0" \
    --label="org.nethserver.images=${repobase}/backup-monitor-app:${imagetag}" \
    "${container}"
commit "${container}" "${repobase}/backup-monitor"

if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    printf "images=%s\n" "${images[*]}" >>"${GITHUB_OUTPUT}"
else
    printf "Publish the images with:\n\n"
    for image in "${images[@]}"; do printf "  buildah push %s docker://%s:%s\n" "${image}" "${image}" "${imagetag}"; done
    printf "\n"
fi
