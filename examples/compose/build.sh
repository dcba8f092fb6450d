#!/bin/sh
# Builds two images of a small HTTP application, from this repository, without pulling anything: version 1 is good, and
# version 2 answers for two seconds and then fails under requests.
set -eu
cd "$(dirname "$0")"
target=x86_64-unknown-linux-gnu
RUSTFLAGS='-C target-feature=+crt-static' cargo build --quiet --release --package backout-demo-app --target "$target" \
    --target-dir ../../target/example
cp "../../target/example/$target/release/backout-demo-app" app
for version in 1 2; do
    mode=ok
    [ "$version" = 1 ] || mode=fail-after:2000
    printf 'FROM scratch\nCOPY app /app\nENV APP_VERSION=%s APP_MODE=%s\nENTRYPOINT ["/app"]\n' "$version" "$mode" |
        docker build --quiet --tag "backout-example/shop:v$version" --file - .
done
rm app
