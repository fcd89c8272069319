#!/usr/bin/env bats
# Triggers pre-receive-app and pre-build: free space for a build

load helper

setup() {
  DATA="$DOKKU_LIB_ROOT/data/cache"
  ENGINE_ROOT="$(cat "$DATA/engine-root" 2>/dev/null || true)"
}
teardown() {
  ! mountpoint -q "$DATA" || umount "$DATA"
  umount "$SUITE_DIRECTORY/small" 2>/dev/null || true
  rm -rf "$SUITE_DIRECTORY/small"* "$DATA/low-disk" "$DOKKU_LOGS_DIR/events"
  [[ -z "$ENGINE_ROOT" ]] || echo "$ENGINE_ROOT" >"$DATA/engine-root"
  clean_up
}

# No disk has that much free space.
too_little() { set_property --global min-free 7P; }
enough() { set_property --global min-free 1B; }

# As a deploy calls it.
trigger() { setpriv --reuid dokku --regid dokku --init-groups env HOME="$DOKKU_ROOT" "$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app" "$(app shop)" null / HEAD; }

prints_nothing() {
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
}

# small_disk MEBIBYTES: a disk of its own, mounted at $SUITE_DIRECTORY/small.
small_disk() {
  truncate --size "$1M" "$SUITE_DIRECTORY/small.image"
  mkfs.ext4 -q -F -m 0 -N 2000 "$SUITE_DIRECTORY/small.image"
  mkdir "$SUITE_DIRECTORY/small"
  mount -o loop "$SUITE_DIRECTORY/small.image" "$SUITE_DIRECTORY/small" || skip "there is no loop device here"
  chmod 755 "$SUITE_DIRECTORY/small"
}

@test "with enough free space or min-free off nothing is printed, and the check takes less than 0.15 s" {
  make_app shop
  make_cache shop 10
  dokku cache:set --global min-free off >/dev/null
  prints_nothing
  enough
  prints_nothing
  [ -e "$(cache_of shop)" ]
  # In time of the processor: the machine may be busy.
  local TIMEFORMAT="%3U %3S" user system
  read -r user system < <({ time "$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app" "$(app shop)" >/dev/null; } 2>&1)
  [ "$((10#${user/./} + 10#${system/./}))" -lt 150 ]
}

@test "with too little free space all unused caches are removed, and the deploy continues" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 50
  make_app wiki
  make_cache wiki 2000
  make_ghost oldblog 10
  make_herokuish_volume forum 2
  make_herokuish_volume shop 3
  without_min_age
  too_little
  run deploy wiki
  [ "$status" -eq 0 ]
  # Also the legacy cache of the app that is being deployed: no build uses it.
  is_removed wiki
  is_removed shop
  is_removed oldblog
  run ! has_volume "cache-$(app forum)"
  has_volume "cache-$(app shop)"
  run dokku cache:history "$(app shop)" --format json
  grep -qE '"by": *"low-disk"' <<<"$output"
}

@test "the message says which disk, what was removed and what else can be; it is printed once until there is enough" {
  holds_from 0.33.8
  other_plugin cache-low-disk "echo \"\$1 \$2 \$4\" >>$DOKKU_LOGS_DIR/events"
  make_app shop
  make_cache shop 50
  make_herokuish_volume shop 3
  too_little
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ "$(grep -c . <<<"$stderr")" -le 5 ]
  [ "$(wc -L <<<"${stderr//"$DOKKU_ROOT"/}")" -lt 100 ]
  grep -qE "!     Low disk space: .* free \([0-9.]+%\).* on $DOKKU_ROOT" <<<"$stderr"
  grep -qE "!     Removed [0-9.]+ KiB of unused caches\. The deploy continues$" <<<"$stderr"
  grep -qE "!     To free more: 'dokku cache:purge-volumes $(app shop)' \(.*3.0 MiB\)" <<<"$stderr"
  prints_nothing
  enough
  run --separate-stderr trigger
  [[ "$output" == "-----> Enough free space again: "*" free ("* ]]
  prints_nothing
  # Other plugins get an event for each change.
  run cat "$DOKKU_LOGS_DIR/events"
  grep -qE "^$DOKKU_ROOT low [0-9]+$" <<<"$output"
  grep -qE "^$DOKKU_ROOT ok [0-9]+$" <<<"$output"
  [ "$(grep -c " low " <<<"$output")" -eq "$(grep -c " ok " <<<"$output")" ]
}

@test "kept caches are not written to the log at each deploy, but by the daily run" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  set_property "$(app shop)" auto-purge false
  make_volume "cache-$(app forum)" 1
  too_little
  trigger 2>/dev/null
  before="$(stat --format %s "$DOKKU_LOGS_DIR/cache.log")"
  trigger
  [ "$(stat --format %s "$DOKKU_LOGS_DIR/cache.log")" -eq "$before" ]
  run_daily_job
  run tail --bytes "+$((before + 1))" "$DOKKU_LOGS_DIR/cache.log"
  [[ "$output" == *"$(app shop): kept, orphaned: auto-purge is off"* ]]
  [[ "$output" == *"volume cache-$(app forum) kept, unknown"* ]]
}

@test "the message is also printed once if there is no space left to record it" {
  needs_spare_server "fills the disk of its data"
  make_app shop
  small_disk 8
  cp --archive "$DATA/." "$SUITE_DIRECTORY/small"
  chown dokku:dokku "$SUITE_DIRECTORY/small"
  mount --move "$SUITE_DIRECTORY/small" "$DATA"
  setpriv --reuid dokku --regid dokku --clear-groups cat /dev/zero >"$DATA/filling" 2>/dev/null || true
  too_little
  run --separate-stderr trigger
  [[ "$stderr" == *"Low disk space"* ]]
  prints_nothing
}

@test "a deploy is refused only with min-free-action refuse, and the message says how to continue" {
  holds_from 0.32.0
  make_app shop
  too_little
  dokku cache:set --global min-free-action refuse >/dev/null
  run --separate-stderr deploy shop
  [ "$status" -ne 0 ]
  [[ "$output" != *"Application deployed"* ]]
  [[ "$stderr$output" == *"Deploy refused: not enough free disk space"* && "$stderr$output" == *"min-free-action warn"* ]]
  dokku cache:set --global min-free-action >/dev/null
  run deploy shop
  [ "$status" -eq 0 ]
}

@test "a version of Dokku that cannot refuse a deploy prints a warning, and the deploy continues" {
  holds_from 0.30.0 to 0.31.5
  make_app shop
  too_little
  run dokku cache:set --global min-free-action refuse
  [ "$status" -eq 0 ]
  [[ "$output" == *"This version of Dokku cannot refuse a deploy; deploys only print a warning"* ]]
  run --separate-stderr trigger
  [[ "$stderr" == *"The deploy continues"* ]]
  run deploy shop
  [ "$status" -eq 0 ]
}

@test "the engine's own disk counts too, in bytes and in inodes, by percentage or size" {
  needs_spare_server "gives another place for the engine's data"
  make_app shop
  small_disk 40
  echo "$SUITE_DIRECTORY/small" >"$DATA/engine-root"
  free="$(df --output=avail -B 1M "$SUITE_DIRECTORY/small" | tail -n 1)"
  head -c "$((free - 1))M" /dev/zero >"$SUITE_DIRECTORY/small/filling"
  set_property --global min-free 10%
  run --separate-stderr trigger
  [[ "$stderr" == *"Low disk space: "*" on $SUITE_DIRECTORY/small"* ]]
  rm "$SUITE_DIRECTORY/small/filling"
  run --separate-stderr trigger
  [[ "$output" == *"Enough free space again"* ]]
  set_property --global min-free 25MB
  prints_nothing
  set_property --global min-free 1%
  mkdir "$SUITE_DIRECTORY/small/many"
  (cd "$SUITE_DIRECTORY/small/many" && seq 3000 | xargs touch 2>/dev/null) || true
  [ "$(df --output=iavail "$SUITE_DIRECTORY/small" | tail -n 1 | tr -d ' ')" = 0 ]
  run --separate-stderr trigger
  [[ "$stderr" == *", 0 of "*" inodes on $SUITE_DIRECTORY/small"* ]]
}

@test "neither Docker without a response, a missing disk nor a broken plugin fails a deploy" {
  needs_spare_server "breaks the plugin"
  make_app shop
  too_little
  echo /nowhere >"$DATA/engine-root"
  DOCKER_HOST=unix:///nowhere.sock run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [[ "$stderr" == *" Some caches could not be checked or removed ($DOKKU_LOGS_DIR/cache.log)"* ]]
  [[ "$stderr" == *"Low disk space"* && "$stderr" == *"list all caches with 'dokku cache:list'"* ]]
  mv "$DOKKU_LIB_ROOT/plugins/available/cache/src/dokku_cache/actions/cli.py" "$SUITE_DIRECTORY/cli.py"
  run bash -c "setpriv --reuid dokku --regid dokku --init-groups '$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app' '$(app shop)' 2>/dev/null"
  mv "$SUITE_DIRECTORY/cli.py" "$DOKKU_LIB_ROOT/plugins/available/cache/src/dokku_cache/actions/cli.py"
  [ "$status" -eq 0 ]
}

@test "deploys that find low disk space at the same time share one removal" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 2000
  too_little
  local deploys=()
  for _ in 1 2 3; do
    trigger >/dev/null 2>&1 3>&- &
    deploys+=("$!")
  done
  wait "${deploys[@]}"
  is_removed shop
  [ "$(dokku cache:history "$(app shop)" --format json | jq '.purges | length')" = 1 ]
}
