#!/usr/bin/env bats
# Directories as on real servers (tests/dokku/furnish): only verified unused build caches are removed.

load helper

# furnish [CASE...]: creates all directories, or those of some cases.
furnish() {
  needs_spare_server "fills the server, and its engine"
  holds_from 0.38.0
  "$(dirname "$BATS_TEST_DIRNAME")/dokku/furnish" --prefix "$PREFIX-" "$@" >"$BATS_TEST_TMPDIR/furnished"
}

teardown() {
  docker ps --all --quiet --filter label=dokku-cache-furnished | xargs -r docker rm --force >/dev/null
  docker image rm --force dokku-cache-furnished "dokku/$PREFIX-moved-out:latest" >/dev/null 2>&1 || true
  rm -rf "$DOKKU_LIB_ROOT/../other-disk"
  clean_up
}

# listed COLUMN VALUE: the names that furnish has printed with this value.
listed() { awk -F '\t' -v column="$1" -v value="$2" '$column == value { print $1 }' "$BATS_TEST_TMPDIR/furnished"; }

# Everything that has to stay unchanged: all but the removable caches and the directories of ghosts.
rest_of_the_server() {
  local name
  {
    manifest "$DOKKU_ROOT"
    manifest "$DOKKU_LIB_ROOT/../other-disk"
  } | awk -F '\t' -v all="$(listed 3 removed)" -v cache="$(listed 3 cache-removed)" '
    BEGIN { count = split(all, names, "\n"); for (i = 1; i <= count; i++) whole[names[i]] = 1
            count = split(cache, names, "\n"); for (i = 1; i <= count; i++) only[names[i]] = 1 }
    { split($1, parts, "/") }
    parts[1] in whole || (parts[1] in only && parts[2] == "cache") { next }
    # The size of a directory that loses a name may change.
    $2 == "d" { $5 = "" }
    { print }'
}

@test "each directory has the expected state, in the report and in the list" {
  furnish
  dokku cache:list --format json >"$BATS_TEST_TMPDIR/list"
  dokku cache:report --format json >"$BATS_TEST_TMPDIR/report"
  /usr/bin/python3 -I - "$BATS_TEST_TMPDIR" "$DOKKU_ROOT" <<'PYTHON'
import json, sys
base, root = sys.argv[1:]
listed = {cache["location"]: cache for cache in json.load(open(f"{base}/list"))["caches"]}
reported = {report["app"]: report for report in map(json.loads, open(f"{base}/report"))}
for line in open(f"{base}/furnished"):
    name, state, _ = line.rstrip("\n").split("\t")
    path = f"{root}/{name}/cache"
    if state == "nameless":
        assert name not in reported, name
        if "lost+found" not in name:
            assert listed[path]["app"] is None and listed[path]["action"] is None, listed[path]
            assert listed[path]["files"] == 40, listed[path]
        continue
    report = reported[name]
    assert report["legacy-state"] == listed[path]["state"] == state, (name, state, report)
    assert report["legacy-reason"], report
    assert listed[path]["size-bytes"] and report["legacy-size-bytes"] == listed[path]["size-bytes"], (name, report)
    assert listed[path]["app-state"] == ("ghost" if name.endswith(("ghost", "traces", "by-hand", "uploads")) else "present"), name
    failed = [check["name"] for check in report["legacy-checks"] if check["result"] != "passed"]
    assert (failed == []) is (state == "orphaned"), (name, report["legacy-checks"])
PYTHON
}

@test "verified caches are removed automatically, and everything else is unchanged to the byte" {
  furnish
  before="$(rest_of_the_server)"
  run dokku cache:auto-purge
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  [ "$before" = "$(rest_of_the_server)" ] || { diff <(echo "$before") <(rest_of_the_server) && false; }
  for name in $(listed 3 removed); do
    [ ! -e "$DOKKU_ROOT/$name" ] || { echo "$name is still there" && false; }
  done
  for name in $(listed 3 cache-removed); do
    [ -d "$DOKKU_ROOT/$name" ]
    [ ! -e "$DOKKU_ROOT/$name/cache" ] || { echo "the cache of $name is still there" && false; }
  done
  # A second run finds nothing more to do.
  run dokku cache:auto-purge
  [[ "$output" == *"0 legacy caches removed"* ]]
  [ "$before" = "$(rest_of_the_server)" ]
}

@test "--all removes neither recent nor unverified caches" {
  furnish app uploads data shared written-into objects by-nginx
  run dokku cache:purge-legacy --all --dry-run
  [[ "$output" == *"$PREFIX-uploads"*"keep    unverified: it contains"* ]]
  before="$(manifest "$DOKKU_ROOT/$PREFIX-uploads"; manifest "$DOKKU_ROOT/$PREFIX-data"; manifest "$DOKKU_ROOT/$PREFIX-shared")"
  run dokku cache:purge-legacy --all --force
  [ "$status" -eq 1 ]
  [[ "$output" == *"$PREFIX-uploads/cache is not verified"* ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$PREFIX-uploads"; manifest "$DOKKU_ROOT/$PREFIX-data"; manifest "$DOKKU_ROOT/$PREFIX-shared")" ]
  [ -d "$DOKKU_ROOT/$PREFIX-written-into/cache" ]
  [ ! -e "$DOKKU_ROOT/$PREFIX-app/cache" ]
}

@test "an unverified directory is removed after its name is typed, or with --force for one app" {
  furnish uploads data shared
  run dokku cache:purge-legacy "$PREFIX-uploads" </dev/null
  [ "$status" -eq 1 ]
  [[ "$output" == *"--force"* ]]
  [ -d "$DOKKU_ROOT/$PREFIX-uploads/cache/5f3a9c" ]
  run "$BATS_TEST_DIRNAME/../type" yes dokku cache:purge-legacy "$PREFIX-uploads"
  [ "$status" -eq 1 ]
  [ -d "$DOKKU_ROOT/$PREFIX-uploads/cache/5f3a9c" ]
  run "$BATS_TEST_DIRNAME/../type" "$PREFIX-uploads" dokku cache:purge-legacy "$PREFIX-uploads"
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  [ ! -e "$DOKKU_ROOT/$PREFIX-uploads/cache" ]
  run dokku cache:purge-legacy --force "$PREFIX-data" "$PREFIX-shared" </dev/null
  [ "$status" -eq 1 ]
  [ -d "$DOKKU_ROOT/$PREFIX-data/cache" ]
  dokku cache:purge-legacy --force "$PREFIX-data"
  [ ! -e "$DOKKU_ROOT/$PREFIX-data/cache" ]
  [ -d "$DOKKU_ROOT/$PREFIX-shared/cache/5f3a9c" ]
  [[ "$output" == *"mounts its app directory at /app/public (running)"* ]] || { echo "$output" && false; }
}

@test "destroying an app keeps what is unverified, linked or in use, and says where it is" {
  furnish of-www-data linked mounted
  run dokku --force apps:destroy "$PREFIX-of-www-data"
  [ "$status" -eq 0 ]
  [ -d "$DOKKU_ROOT/$PREFIX-of-www-data/cache/0" ]
  run dokku --force apps:destroy "$PREFIX-linked"
  [[ "$output" == *"is unsafe"*"other-disk/$PREFIX-linked/cache"* ]]
  [ -d "$DOKKU_LIB_ROOT/../other-disk/$PREFIX-linked/cache/buildcache" ]
  run dokku --force apps:destroy "$PREFIX-mounted"
  [[ "$output" == *"is in-use"* ]]
  [ -d "$DOKKU_ROOT/$PREFIX-mounted/cache/buildcache" ]
}
