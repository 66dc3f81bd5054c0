#!/usr/bin/env bash
# What runs the package on arm64 in test/runtimes/arm64.test.ts, all of it into build/arm64: Node for arm64 from npm, and
# from Debian the libraries that it links and qemu's user mode, unpacked and not installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$here/../../../build/arm64"
cd "$here/../../../build/arm64"

# The registry's package states another processor; --force takes it all the same, by the lock's checksum.
if [ ! -x node_modules/node22/bin/node ]; then
  cp "$here/package.json" "$here/package-lock.json" .
  npm ci --force --ignore-scripts --no-audit --no-fund
fi

# Lists and caches of its own: the machine's packages are of another processor.
if [ ! -e sysroot/lib/ld-linux-aarch64.so.1 ]; then
  mkdir -p sysroot apt/lists/partial apt/cache/archives/partial
  touch apt/status
  printf '%s\n' 'APT::Architecture "arm64";' 'APT::Architectures { "arm64"; };' 'APT::Sandbox::User "";' \
    "Dir::State \"$PWD/apt\";" "Dir::State::Lists \"$PWD/apt/lists\";" "Dir::State::status \"$PWD/apt/status\";" \
    "Dir::Cache \"$PWD/apt/cache\";" > apt/apt.conf
  APT_CONFIG="$PWD/apt/apt.conf" apt-get -q update
  APT_CONFIG="$PWD/apt/apt.conf" apt-get -q download libc6 libstdc++6 libgcc-s1 libatomic1
  for package in ./*_arm64.deb; do dpkg -x "$package" sysroot; done
fi

if [ ! -x qemu-aarch64-static ]; then
  apt-get -q update
  apt-get -q -o APT::Sandbox::User= download qemu-user-static
  dpkg --fsys-tarfile ./qemu-user-static_*.deb | tar -x --strip-components=3 ./usr/bin/qemu-aarch64-static
fi
rm -rf apt ./*.deb
