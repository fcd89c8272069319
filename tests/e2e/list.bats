#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:list

load helper
teardown() {
  remove_volumes
  [[ ! -e "$AUTHORIZER" ]] || rm -r "$AUTHORIZER"
  dokku cache:set --global min-age >/dev/null
  clean_up
}
setup() { AUTHORIZER="$DOKKU_LIB_ROOT/plugins/enabled/zz-auth"; }

# A server with every kind of cache.
lay_out() {
  dokku cache:set --global min-age 0 >/dev/null
  make_app shop
  make_cache shop 50
  make_ghost oldblog 500
  make_app wiki
  make_cache wiki 5
  make_container create --volume "$(cache_of wiki):/cache"
  make_herokuish_volume shop 3
  make_herokuish_volume forum 4
  make_pack_volume wiki 5
  make_pack_volume landing 6
  # Or they are too young to go.
  dokku cache:set --global min-age 0 >/dev/null
}

# A plugin that hides every app whose name ends so.
hide() {
  mkdir "$AUTHORIZER"
  # shellcheck disable=SC2016 # a script's own variables
  printf '#!/usr/bin/env bash\nshift 2\nfor app in "$@"; do [[ "$app" == *%s ]] || echo "$app"; done\n' "$1" >"$AUTHORIZER/user-auth-app"
  chmod +x "$AUTHORIZER/user-auth-app"
}

# python CODE: with the last output parsed as `listed`, and `caches` as those of this test by their locations.
python() {
  /usr/bin/python3 -I - "$output" "$PREFIX" <<PYTHON
import json, sys, yaml
listed, prefix = yaml.safe_load(sys.argv[1]), sys.argv[2]
caches = {cache["location"]: cache for cache in listed["caches"] if prefix in cache["location"]}
$1
PYTHON
}

# bats test_tags=quick
@test "every kind of cache is in one table, the biggest first" {
  holds_from 0.33.8
  lay_out
  run --separate-stderr dokku cache:list
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [ "${lines[0]}" = "=====> Build caches (largest first)" ]
  for row in \
    "6.0 MiB PREFIX-.* \(gone\) pack - - orphaned" \
    "5.0 MiB PREFIX-wiki pack - - live" \
    "4.0 MiB PREFIX-.* \(gone\) herokuish - - orphaned" \
    "3.0 MiB PREFIX-shop herokuish - - live" \
    ".* PREFIX-.* \(ghost\) legacy 500 .* orphaned" \
    ".* PREFIX-wiki legacy 5 .* in-use"; do
    grep -qxE " ${row/PREFIX/$PREFIX}" <<<"$(tr -s ' ' <<<"$output")" || { echo "missing: $row" && echo "$output" && false; }
  done
  [[ "$output" == *"Docker's build cache, "*" reclaimable"* ]]
  for action in \
    "dokku cache:purge-legacy $(app oldblog)" \
    "dokku cache:purge-volumes $(app shop)" \
    "dokku cache:purge-volumes --orphaned" \
    "mounts it at /cache"; do
    [[ "$output" == *"$action"* ]]
  done
  [[ "$output" == *"Total: "*" caches"*"To free "*": dokku cache:purge-legacy --all"* ]]
  [[ "${lines[-1]}" =~ "Free space on $DOKKU_ROOT".*": ".*" of " ]]
  [[ "$(wc -L <<<"$(grep -vE 'dokku|docker|volume|caches|kept: |Free space on' <<<"$output")")" -le 80 ]]
}

@test "sizes are those of du and of Docker, and the sum is what a purge of all frees" {
  holds_from 0.31.0
  lay_out
  run dokku cache:list --format json
  [ "$status" -eq 0 ]
  shop="$(du -s -B1 "$(cache_of shop)" | cut -f1)" oldblog="$(du -s -B1 "$(cache_of oldblog)" | cut -f1)"
  python "
assert caches['$(cache_of shop)']['size-bytes'] == $shop
assert caches['$(cache_of oldblog)']['size-bytes'] == $oldblog
assert caches['cache-$(app forum)']['size-bytes'] == 4 << 20
assert listed['purgeable-bytes'] == sum(c['size-bytes'] for c in listed['caches'] if c['is-purgeable'])
assert {c['location'] for c in caches.values() if c['is-purgeable']} == {'$(cache_of shop)', '$(cache_of oldblog)'}
known = sum(c['size-bytes'] for c in listed['caches'])
assert listed['total-bytes'] == known + listed['engine-build-cache']['size-bytes'] and listed['total-is-complete']
"
  needs_spare_server "removes every legacy cache of the server"
  frees="$(python "print(listed['purgeable-bytes'])")"
  # A real server has a past.
  before="$(dokku cache:report --global --cache-freed-bytes)"
  # One of them is in use, which is an error that does not end the rest.
  dokku cache:purge-legacy --all --force || true
  run dokku cache:report --global --cache-freed-bytes
  [ "$((output - before))" -eq "$frees" ]
}

@test "json and yaml say the same, in the caches' order" {
  lay_out
  json="$(dokku cache:list --format json)"
  run dokku cache:list --format yaml
  # How full the disk is changes meanwhile.
  python "assert {**json.loads('''$json'''), 'disks': listed['disks']} == listed"
  sizes="$(python "print(*[c['size-bytes'] for c in listed['caches']], sep='\n')")"
  [ "$sizes" = "$(sort --numeric-sort --reverse <<<"$sizes")" ]
}

@test "--sort and --kind choose order and rows" {
  lay_out
  run dokku cache:list --format json --sort app --kind pack --kind herokuish
  python "
apps = [c['app'] for c in listed['caches'] if c['app'] and prefix in c['app']]
assert apps == ['$(app forum)', '$(app landing)', '$(app shop)', '$(app wiki)'], apps
assert {c['kind'] for c in listed['caches']} == {'pack', 'herokuish'} and listed['engine-build-cache'] is None
"
  find "$(cache_of oldblog)" -exec touch --date 2015-01-01 {} +
  run dokku cache:list --format json --sort modified --kind legacy
  python "assert [c['app'] for c in listed['caches'] if c['app'] and prefix in c['app']][0] == '$(app oldblog)'"
  run dokku cache:list --kind engine
  [[ "$output" == *"Docker's build cache"* && "$output" != *"$PREFIX"* ]]
}

@test "without legacy caches nothing is said of purging them, and an app's rows can be had alone" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  make_app wiki
  make_cache wiki
  make_herokuish_volume shop 2
  make_herokuish_volume forum 2
  dokku cache:set --global min-age 0 >/dev/null
  run dokku cache:list --kind herokuish
  [ "$status" -eq 0 ]
  [[ "$output" == *"cache-$(app shop)"* && "$output" != *purge-legacy* ]]
  [[ "$output" == *"To free 2.0 MiB: dokku cache:purge-volumes --orphaned"* ]]
  run dokku cache:list --kind herokuish --format json
  grep -qE '"purgeable-bytes": *null' <<<"$output"
  for arguments in "--app $(app shop)" "$(app shop)"; do
    # shellcheck disable=SC2086 # they are two words
    run dokku cache:list $arguments
    [ "$status" -eq 0 ]
    [[ "$output" == *"$(cache_of shop)"*"To free "*": dokku cache:purge-legacy $(app shop)"* && "$output" != *"$(app wiki)"* ]]
    [[ "$output" == *"cache-$(app shop)"* && "$output" != *"$(app forum)"* && "$output" != *"Docker's build cache"* ]]
  done
  # Of one that is gone there may be something left.
  run dokku cache:list "$(app forum)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"cache-$(app forum)"* ]]
  run dokku cache:list "$(app nobody)"
  [ "$status" -eq 20 ]
  run dokku cache:list "../etc"
  [ "$status" -eq 1 ]
}

@test "the engine's own build cache is counted, with what of it can be reclaimed" {
  needs_spare_server "empties the build cache of the engine"
  "$BATS_TEST_DIRNAME/../engine/make_build_cache.py" 3
  run dokku cache:list --format json --kind engine
  docker builder prune --force >/dev/null
  python "
engine = listed['engine-build-cache']
assert engine['reclaimable-bytes'] >= 3 << 20 and engine['records'] > 0
assert engine['size-bytes'] >= engine['reclaimable-bytes'] and listed['caches'] == []
"
}

# make_buildkit NAME OPTION...: a container that looks like BuildKit's, and does not run.
make_buildkit() {
  make_container create
  docker tag dokku-cache-test moby/buildkit:dokku-cache-test
  docker create --label "dokku-cache-test=$PREFIX" --network none --name "$1" "${@:2}" moby/buildkit:dokku-cache-test /bin/busybox sleep 1000 >/dev/null
}

@test "a BuildKit that runs as a container, builders of buildx, and what a removed one left are shown with what prunes them" {
  make_buildkit "$PREFIX-buildkit" --volume /var/lib/buildkit
  docker start "$PREFIX-buildkit" >/dev/null
  anonymous="$(docker inspect --format '{{(index .Mounts 0).Name}}' "$PREFIX-buildkit")"
  head -c 3M /dev/zero >"$(docker volume inspect --format '{{.Mountpoint}}' "$anonymous")/layer"
  make_volume "buildx_buildkit_${PREFIX}0_state" 2
  make_buildkit "buildx_buildkit_${PREFIX}0" --volume "buildx_buildkit_${PREFIX}0_state:/var/lib/buildkit"
  make_volume "buildx_buildkit_gone${PREFIX}0_state" 1
  run dokku cache:list --format json --kind buildkit
  /usr/bin/python3 -I - "$output" "$anonymous" "$PREFIX" <<'PYTHON'
import json, sys
listed, anonymous, prefix = json.loads(sys.argv[1]), *sys.argv[2:]
told = {c["location"]: (c["size-bytes"], c["state"], c["action"], c["reason-code"]) for c in listed["caches"]}
wanted = {
    anonymous: (3 << 20, "live", f"docker exec {prefix}-buildkit buildctl prune", "buildkit-running"),
    f"buildx_buildkit_{prefix}0_state": (2 << 20, "live", f"docker buildx prune --builder {prefix}", "buildkit-stopped"),
    f"buildx_buildkit_gone{prefix}0_state": (
        1 << 20, "orphaned", f"docker volume rm buildx_buildkit_gone{prefix}0_state", "builder-removed"),
}
assert {location: told[location] for location in wanted} == wanted, told
assert not any(c["is-purgeable"] for c in listed["caches"])
PYTHON
  run dokku cache:list --kind buildkit
  [[ "$output" == *"docker buildx prune --builder $PREFIX (start its container first; the next build is slower)"* ]]
  # Nothing of this plugin removes them.
  dokku cache:purge-volumes --orphaned --force
  docker volume inspect "buildx_buildkit_gone${PREFIX}0_state" "$anonymous" >/dev/null
  docker rm --force --volumes "$PREFIX-buildkit" "buildx_buildkit_${PREFIX}0" >/dev/null
  docker image rm moby/buildkit:dokku-cache-test >/dev/null
}

@test "prometheus's text has a sample for each known size" {
  holds_from 0.33.8
  lay_out
  run --separate-stderr dokku cache:list --format prometheus
  [ "$status" -eq 0 ]
  [[ "$output" == *"# TYPE dokku_cache_size_bytes gauge"* ]]
  grep -qF "dokku_cache_size_bytes{app=\"$(app forum)\",kind=\"herokuish\",location=\"cache-$(app forum)\"} 4194304" <<<"$output"
  grep -qE '^dokku_cache_purgeable_bytes [0-9]+$' <<<"$output"
  grep -qF "location=\"$(cache_of oldblog)\",state=\"orphaned\",app_state=\"ghost\"} 1" <<<"$output"
}

@test "a user sees the caches of apps that user-auth-app lets through, and nobody's volumes not at all" {
  lay_out
  make_herokuish_volume wiki 1
  hide wiki
  run dokku cache:list --format json
  python "
assert {c['app'] for c in caches.values()} == {'$(app shop)', '$(app oldblog)'}, caches.keys()
assert listed['hides-others'] and listed['engine-build-cache'] is None
"
  run dokku cache:list
  [[ "$output" != *"$(app wiki)"* && "$output" != *"$(app landing)"* && "$output" != *"build cache"* ]]
  [[ "$output" == *"Caches of apps that you cannot access are not shown"* ]]
}

@test "with Docker down directories are listed all the same, and sizes of volumes are unknown" {
  lay_out
  DOCKER_HOST=unix:///nowhere run --separate-stderr dokku cache:list
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"Docker did not respond"* ]]
  [ "$(grep -c 'Docker did not respond' <<<"$stderr")" -eq 1 ]
  [[ "$(tr -s ' ' <<<"$output")" == *" $(app wiki) legacy 5 "*" unknown"* ]]
  [[ "$(tr -s ' ' <<<"$output")" == *" unknown - engine - - unknown"* ]]
  [[ "$output" == *"Total: at least "* ]]
  # The engine's data root is not known, and left out.
  [[ "${lines[-1]}" == *"Free space on $DOKKU_ROOT"* ]]
}

@test "nobody who reads any more is no error" {
  for number in {1..20}; do
    mkdir -p "$DOKKU_ROOT/$PREFIX-$number/cache/deep"
    chown -R dokku:dokku "$DOKKU_ROOT/$PREFIX-$number"
  done
  for format in stdout json yaml prometheus; do
    run --separate-stderr bash -c "dokku cache:list --format $format | true; exit \${PIPESTATUS[0]}"
    [[ "$status" == 0 || "$status" == 141 ]]
    [ -z "$stderr" ]
  done
}

@test "2,000 apps without a cache are listed" {
  needs_spare_server "makes 2,000 apps"
  for number in {1..2000}; do
    echo "$DOKKU_ROOT/$PREFIX-$number"
  done | xargs mkdir
  for number in {1..2000}; do
    echo "$DOKKU_ROOT/$PREFIX-$number/HEAD"
  done | xargs touch
  # How long it takes is asked by the benchmark, and how often others are asked by tests/unit/survey/test_surveyor.py.
  run dokku cache:list
  find "$DOKKU_ROOT" -mindepth 1 -maxdepth 1 -name "$PREFIX-*" -exec rm -r {} +
  [ "$status" -eq 0 ]
  [[ "$output" != *"$PREFIX-1"* ]]
}

@test "a terminal shows the progress on standard error alone" {
  command -v script >/dev/null || skip "script (bsdutils) is not installed"
  local shown="$SUITE_DIRECTORY/shown" find="$SUITE_DIRECTORY/find"
  make_app shop
  make_cache shop 40000
  # However fast the machine is: here `find` waits until the bar is there.
  cp /usr/bin/find "$find.real"
  : >"$shown"
  chmod 644 "$shown"
  cat >"$find" <<FIND
#!/bin/bash
for _ in {1..200}; do
  grep --quiet "Scanning $(app shop)" "$shown" && break
  sleep 0.1
done
exec "$find.real" "\$@"
FIND
  chmod 755 "$find"
  # shellcheck disable=SC2016 # for the shell in there
  run unshare --mount --propagation private bash -c 'mount --bind "$1" /usr/bin/find && exec script \
    --quiet --flush --return --command "TERM=xterm dokku cache:list --kind legacy >$2" "$3"' \
    - "$find" "$SUITE_DIRECTORY/listed" "$shown"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Scanning $(app shop)"* ]]
  run cat "$SUITE_DIRECTORY/listed"
  [[ "$output" == *"$(app shop)"* && "$output" == *"40,000"* && "$output" != *Scanning* ]]
}

@test "Ctrl-C ends it cleanly, even while Docker did not respond" {
  make_app shop
  make_cache shop
  /usr/bin/python3 -I -c "
import os, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
listener.listen()
connection, _ = listener.accept()
open(sys.argv[2], 'w').close()
time.sleep(60)" "$SUITE_DIRECTORY/silent.sock" "$SUITE_DIRECTORY/asked" 3>&- &
  silent="$!"
  wait_for test -S "$SUITE_DIRECTORY/silent.sock"
  DOCKER_HOST="unix://$SUITE_DIRECTORY/silent.sock" dokku cache:list >"$SUITE_DIRECTORY/said" 2>"$SUITE_DIRECTORY/warned" &
  asking="$!"
  wait_for test -e "$SUITE_DIRECTORY/asked"
  pkill -INT -f "$PLUGIN_PATH/.*/src list"
  wait "$asking" && status=0 || status="$?"
  kill "$silent"
  output="$(cat "$SUITE_DIRECTORY/said")" stderr="$(sed 's/^ *//' "$SUITE_DIRECTORY/warned")"
  rm "$SUITE_DIRECTORY"/{silent.sock,asked,said,warned}
  [ "$status" -eq 1 ]
  [ "$stderr" = "!     Interrupted. Nothing was changed" ]
  [ -z "$output" ]
}

@test "--quiet leaves the table alone" {
  make_app shop
  make_cache shop
  run dokku --quiet cache:list --kind legacy
  [[ "$output" != *"=====>"* && "$output" != *"To free"* ]]
  [[ "$output" == *"$(app shop)"* ]]
}

@test "what it does not know it refuses, saying what there is" {
  for arguments in "--format xml" "--sort colour" "--kind volume" "--wrong" "$(app shop) $(app wiki)" "--format"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr dokku cache:list $arguments
    [ "$status" -eq 1 ]
    [ -n "$stderr" ]
    [ -z "$output" ]
  done
}

@test "listing changes nothing" {
  lay_out
  before="$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app oldblog)"; docker volume ls --quiet)"
  for format in stdout json yaml prometheus; do
    dokku cache:list --format "$format" >/dev/null
  done
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app oldblog)"; docker volume ls --quiet)" ]
}
