#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:list

load helper
teardown() { clean_up; }

# A server with every kind of cache.
lay_out() {
  without_min_age
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
}

# listed CODE: Python with the last output as `listed`, and the caches of this test as `caches`, by location.
listed() {
  /usr/bin/python3 -I - "$output" "$PREFIX" <<PYTHON
import json, sys, yaml
listed, prefix = yaml.safe_load(sys.argv[1]), sys.argv[2]
caches = {cache["location"]: cache for cache in listed["caches"] if prefix in cache["location"]}
apps = [cache["app"] for cache in caches.values()]
$1
PYTHON
}

# has_rows ROW...: the table has these rows, as regular expressions; blanks are squeezed.
has_rows() {
  local row rows
  rows="$(tr -s ' ' <<<"$output")"
  for row in "$@"; do
    grep -qxE " ?${row//PREFIX/$PREFIX}" <<<"$rows" || { echo "missing: $row" && echo "$output" && return 1; }
  done
}

# bats test_tags=quick
@test "one table has every kind of cache, the largest first, with sizes as du and Docker count them" {
  holds_from 0.33.8
  lay_out
  before="$(manifest "$DOKKU_ROOT/$(app shop)" "$DOKKU_ROOT/$(app oldblog)"; docker volume ls --quiet)"
  run --separate-stderr dokku cache:list
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [ "${lines[0]}" = "=====> Build caches (largest first)" ]
  has_rows "6.0 MiB PREFIX-landing \(gone\) pack orphaned - - pack-cache-.*" "5.0 MiB PREFIX-wiki pack live - - pack-cache-.*" \
    "4.0 MiB PREFIX-forum \(gone\) herokuish orphaned - - cache-PREFIX-forum" \
    "3.0 MiB PREFIX-shop herokuish live - - cache-PREFIX-shop" \
    ".* PREFIX-oldblog \(ghost\) legacy orphaned 500 .* $(cache_of oldblog)" \
    ".* PREFIX-wiki legacy in-use 5 .* $(cache_of wiki)"
  [[ "$output" == *"Docker's build cache: "*" reclaimable"* ]]
  [[ "$output" == *"Kept: $(app wiki) (legacy, in-use): "*"mounts it at /cache"*"Total: "*" caches"* ]]
  for command in "purge-legacy --all" "purge-volumes --orphaned" "purge-volumes <app>"; do
    [[ "$output" == *"To free "*": dokku cache:$command"* ]]
  done
  [[ "${lines[-1]}" =~ "Free space on $DOKKU_ROOT".*": ".*" of " ]]
  run dokku --quiet cache:list --kind legacy
  [[ "$output" == *"$(app shop)"* && "$output" != *"=====>"* && "$output" != *"To free"* ]]

  run dokku cache:list --format yaml
  yaml="$output"
  run dokku cache:list --format json
  shop="$(du -s -B1 "$(cache_of shop)" | cut -f1)" oldblog="$(du -s -B1 "$(cache_of oldblog)" | cut -f1)"
  listed "
assert {**yaml.safe_load('''$yaml'''), 'disks': listed['disks']} == listed
sizes = [cache['size-bytes'] for cache in listed['caches']]
assert sizes == sorted(sizes, reverse=True)
assert caches['$(cache_of shop)']['size-bytes'] == $shop
assert caches['$(cache_of oldblog)']['size-bytes'] == $oldblog
assert caches['cache-$(app forum)']['size-bytes'] == 4 << 20
assert listed['purgeable-bytes'] == sum(c['size-bytes'] for c in listed['caches'] if c['is-purgeable'])
assert {c['location'] for c in caches.values() if c['is-purgeable']} == {'$(cache_of shop)', '$(cache_of oldblog)'}
assert listed['total-bytes'] == sum(sizes) + listed['engine-build-cache']['size-bytes'] and listed['total-is-complete']
"
  run --separate-stderr dokku cache:list --format prometheus
  [[ "$output" == *"# TYPE dokku_cache_size_bytes gauge"* ]]
  grep -qF "dokku_cache_size_bytes{app=\"$(app forum)\",kind=\"herokuish\",location=\"cache-$(app forum)\"} 4194304" <<<"$output"
  grep -qF "location=\"$(cache_of oldblog)\",state=\"orphaned\",app_state=\"ghost\"} 1" <<<"$output"
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)" "$DOKKU_ROOT/$(app oldblog)"; docker volume ls --quiet)" ]
}

@test "a purge of all legacy caches frees what the list says" {
  needs_spare_server "removes every legacy cache of the server"
  lay_out
  run dokku cache:list --format json
  frees="$(jq '."purgeable-bytes"' <<<"$output")"
  before="$(dokku cache:report --global --cache-freed-bytes)"
  # The cache that is in use is an error, and the others are removed.
  dokku cache:purge-legacy --all --force || true
  run dokku cache:report --global --cache-freed-bytes
  [ "$((output - before))" -eq "$frees" ]
}

@test "--sort, --kind and an app choose order and rows" {
  holds_from 0.33.8
  lay_out
  run dokku cache:list --format json --sort app --kind pack --kind herokuish
  listed "
assert apps == ['$(app forum)', '$(app landing)', '$(app shop)', '$(app wiki)'], apps
assert {c['kind'] for c in listed['caches']} == {'pack', 'herokuish'} and listed['engine-build-cache'] is None
assert listed['purgeable-bytes'] is None"
  find "$(cache_of oldblog)" -exec touch --date 2015-01-01 {} +
  run dokku cache:list --format json --sort modified --kind legacy
  listed "assert apps[0] == '$(app oldblog)'"
  run dokku cache:list --kind herokuish
  [[ "$output" != *purge-legacy* && "$output" == *"To free 4.0 MiB: dokku cache:purge-volumes --orphaned"* ]]
  for arguments in "--app $(app shop)" "$(app shop)"; do
    # shellcheck disable=SC2086 # two words
    run dokku cache:list $arguments
    [[ "$output" == *"$(cache_of shop)"*"To free "*": dokku cache:purge-legacy $(app shop)"* && "$output" != *"$(app wiki)"* ]]
    [[ "$output" == *"cache-$(app shop)"* && "$output" != *"$(app forum)"* && "$output" != *"Docker's build cache"* ]]
  done
  # A destroyed app may have left volumes.
  run dokku cache:list "$(app forum)"
  [[ "$status" -eq 0 && "$output" == *"cache-$(app forum)"* ]]
  run dokku cache:list "$(app unknown)"
  [ "$status" -eq 20 ]
  for arguments in "../etc" "--kind volume" "$(app shop) $(app wiki)"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr dokku cache:list $arguments
    [ "$status" -eq 1 ]
    [ -n "$stderr" ]
    [ -z "$output" ]
  done
}

@test "Docker's own build cache is counted, with its reclaimable part" {
  needs_spare_server "empties the build cache of the engine"
  "$BATS_TEST_DIRNAME/../engine/make_build_cache.py" 3
  run dokku cache:list --format json --kind engine
  docker builder prune --force >/dev/null
  listed "
engine = listed['engine-build-cache']
assert engine['reclaimable-bytes'] >= 3 << 20 and engine['records'] > 0
assert engine['size-bytes'] >= engine['reclaimable-bytes'] and listed['caches'] == []"
}

# make_buildkit NAME OPTION...: a container that looks like BuildKit, and does not run.
make_buildkit() {
  make_container create
  docker tag dokku-cache-test moby/buildkit:dokku-cache-test
  docker create --label "dokku-cache-test=$PREFIX" --network none --name "$1" "${@:2}" moby/buildkit:dokku-cache-test /bin/busybox sleep 1000 >/dev/null
}

@test "BuildKit's state is listed with the command that prunes it, and is never removed" {
  make_buildkit "$PREFIX-buildkit" --volume /var/lib/buildkit
  docker start "$PREFIX-buildkit" >/dev/null
  anonymous="$(docker inspect --format '{{(index .Mounts 0).Name}}' "$PREFIX-buildkit")"
  head -c 3M /dev/zero >"$(docker volume inspect --format '{{.Mountpoint}}' "$anonymous")/layer"
  make_volume "buildx_buildkit_${PREFIX}0_state" 2
  make_buildkit "buildx_buildkit_${PREFIX}0" --volume "buildx_buildkit_${PREFIX}0_state:/var/lib/buildkit"
  make_volume "buildx_buildkit_gone${PREFIX}0_state" 1
  run dokku cache:list --format json --kind buildkit
  # shellcheck disable=SC2016 # for jq
  run jq --compact-output '.caches[] | select(."is-purgeable" == false) |
    [.location, ."size-bytes", .state, .action, ."reason-code"]' <<<"$output"
  for wanted in \
    "[\"$anonymous\",3145728,\"live\",\"docker exec $PREFIX-buildkit buildctl prune\",\"buildkit-running\"]" \
    "[\"buildx_buildkit_${PREFIX}0_state\",2097152,\"live\",\"docker buildx prune --builder $PREFIX\",\"buildkit-stopped\"]" \
    "[\"buildx_buildkit_gone${PREFIX}0_state\",1048576,\"orphaned\",\"docker volume rm buildx_buildkit_gone${PREFIX}0_state\",\"builder-removed\"]"; do
    grep -qxF "$wanted" <<<"$output" || { echo "$output" && false; }
  done
  dokku cache:purge-volumes --orphaned --force
  docker volume inspect "buildx_buildkit_gone${PREFIX}0_state" "$anonymous" >/dev/null
  docker rm --force --volumes "$PREFIX-buildkit" "buildx_buildkit_${PREFIX}0" >/dev/null
  docker image rm moby/buildkit:dokku-cache-test >/dev/null
}

@test "a user sees only the caches of apps that user-auth-app allows, and no volumes without an app" {
  lay_out
  hide_app wiki
  run dokku cache:list --format json
  listed "
assert set(apps) == {'$(app shop)', '$(app oldblog)'}, apps
assert listed['hides-others'] and listed['engine-build-cache'] is None"
  run dokku cache:list
  [[ "$output" != *"$(app wiki)"* && "$output" != *"$(app landing)"* && "$output" != *"build cache"* ]]
  [[ "$output" == *"Caches of apps that you cannot access are not shown"* ]]
}

@test "without Docker the directories are listed, and sizes of volumes are unknown" {
  lay_out
  DOCKER_HOST=unix:///nowhere run --separate-stderr dokku cache:list
  [ "$status" -eq 0 ]
  [ "$(grep -c 'Docker did not respond' <<<"$stderr")" -eq 1 ]
  # Before 0.31.0 the version alone decides.
  state=unknown
  is_from 0.31.0 || state=active
  has_rows "[0-9].* PREFIX-wiki legacy $state 5 .*" "unknown - engine unknown - - .*"
  [[ "$output" == *"Total: at least "* ]]
  # The engine's data root is unknown, and has no line.
  [[ "${lines[-1]}" == *"Free space on $DOKKU_ROOT"* ]]
}

@test "a closed pipe is no error" {
  for number in {1..20}; do
    mkdir -p "$DOKKU_ROOT/$PREFIX-$number/cache/deep"
    chown -R dokku:dokku "$DOKKU_ROOT/$PREFIX-$number"
  done
  for format in stdout json; do
    run --separate-stderr bash -c "dokku cache:list --format $format | true; exit \${PIPESTATUS[0]}"
    [[ "$status" == 0 || "$status" == 141 ]]
    [ -z "$stderr" ]
  done
}

@test "a terminal shows the progress on standard error alone" {
  make_app shop
  make_cache shop 2000
  # A slow trigger, so that there is a progress bar on every machine.
  other_plugin app-list "sleep 1.5"
  # shellcheck disable=SC2016 # for the inner shell
  run env TERM=xterm "$BATS_TEST_DIRNAME/../type" "" bash -c 'dokku cache:list --kind legacy >"$1"' bash "$BATS_TEST_TMPDIR/listed"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Querying Dokku and Docker"* ]]
  run cat "$BATS_TEST_TMPDIR/listed"
  [[ "$output" == *"$(app shop)"* && "$output" == *"2,000"* && "$output" != *Querying* ]]
}

@test "Ctrl-C ends it cleanly, also while Docker does not respond" {
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
  DOCKER_HOST="unix://$SUITE_DIRECTORY/silent.sock" dokku cache:list >"$BATS_TEST_TMPDIR/output" 2>"$BATS_TEST_TMPDIR/stderr" &
  listing="$!"
  wait_for test -e "$SUITE_DIRECTORY/asked"
  pkill -INT -f "$PLUGIN_PATH/.*/src list"
  wait "$listing" && status=0 || status="$?"
  kill "$silent"
  rm "$SUITE_DIRECTORY"/{silent.sock,asked}
  [ "$status" -eq 1 ]
  [ "$(sed 's/^ *//' "$BATS_TEST_TMPDIR/stderr")" = "!     Interrupted" ]
  [ ! -s "$BATS_TEST_TMPDIR/output" ]
}
