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
  rm -rf "$SUITE_DIRECTORY/small"* "$DATA/low-disk" "$SUITE_DIRECTORY/told"
  [[ -z "$LISTENER" ]] || rm -rf "$LISTENER"
  [[ -z "$ENGINE_ROOT" ]] || echo "$ENGINE_ROOT" >"$DATA/engine-root"
  remove_volumes
  clean_up
}

# No disk has that much.
too_little() { dokku cache:set --global min-free 7P >/dev/null; }
enough() { dokku cache:set --global min-free 1B >/dev/null; }

# As a deploy calls it.
trigger() { setpriv --reuid dokku --regid dokku --init-groups env HOME="$DOKKU_ROOT" "$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app" "$(app shop)" null / HEAD; }

# small_disk MEGABYTES FREE_MEGABYTES [INODES]: the engine's data seem to lie on a disk of its own that has so much free.
small_disk() {
  local directory="$SUITE_DIRECTORY/small"
  truncate --size "$1M" "$directory.image"
  mkfs.ext4 -q -F -m 0 -N "${3:-2000}" "$directory.image"
  mkdir "$directory"
  mount -o loop "$directory.image" "$directory" || skip "there is no loop device here"
  local free
  free="$(df --output=avail -B 1M "$directory" | tail -n 1)"
  [[ "$free" -le "$2" ]] || head -c "$((free - $2))M" /dev/zero >"$directory/filling"
  chmod 755 "$directory"
  echo "$directory" >"$DATA/engine-root"
}

@test "with enough space nothing is printed, and the check takes less than 0.15 s" {
  make_app shop
  enough
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  # In time of the processor: the machine may be busy.
  local TIMEFORMAT="%3U %3S" user system
  read -r user system < <({ time "$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app" "$(app shop)" >/dev/null; } 2>&1)
  [ "$((10#${user/./} + 10#${system/./}))" -lt 150 ]
}

@test "with too little room all that is dead goes, and the deploy goes on and says so" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 50
  make_app wiki
  make_cache wiki 2000
  make_ghost oldblog 10
  make_herokuish_volume forum 2
  make_herokuish_volume shop 3
  dokku cache:set --global min-age 0 >/dev/null
  too_little
  run deploy wiki
  [ "$status" -eq 0 ]
  # That of the app that is being deployed too: no build uses it.
  is_gone wiki
  is_gone shop
  is_gone oldblog
  run ! has_volume "cache-$(app forum)"
  # Live caches are never taken for that.
  has_volume "cache-$(app shop)"
  run dokku cache:history "$(app shop)" --format json
  grep -qE '"by": *"low-disk"' <<<"$output"
}

@test "what is said: how full which disk is, what was won, and what could go by hand, the biggest first" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 50
  make_herokuish_volume shop 3
  too_little
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ "$(grep -c . <<<"$stderr")" -le 5 ]
  [ "$(wc -L <<<"${stderr//"$DOKKU_ROOT"/}")" -lt 100 ]
  grep -qE "!     Low disk space: .* free \([0-9.]+ %\).* on $DOKKU_ROOT" <<<"$stderr"
  grep -qE "!     Removed [0-9.]+ KiB of unused caches\. The deploy continues$" <<<"$stderr"
  grep -qE "!     To free more: 'dokku cache:purge-volumes $(app shop)' \(.*3.0 MiB\)" <<<"$stderr"
}

@test "it is told once, not at each deploy, and again when there is enough" {
  make_app shop
  too_little
  run --separate-stderr trigger
  [ -n "$stderr" ]
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  enough
  run --separate-stderr trigger
  [[ "$output" == "-----> Enough free space again: "*" free ("* ]]
  run --separate-stderr trigger
  [ -z "$output$stderr" ]
}

@test "what stays is not written to the log at each deploy: that would fill a full disk" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false >/dev/null
  make_volume "cache-$(app forum)" 1
  too_little
  trigger 2>/dev/null
  before="$(stat --format %s "$DOKKU_LOGS_DIR/cache.log")"
  trigger
  [ "$(stat --format %s "$DOKKU_LOGS_DIR/cache.log")" -eq "$before" ]
  # Who wants to know why reads it there.
  run_daily_job
  tail --bytes "+$((before + 1))" "$DOKKU_LOGS_DIR/cache.log" >"$SUITE_DIRECTORY/said"
  grep -q "$(app shop): kept, orphaned: auto-purge is off" "$SUITE_DIRECTORY/said"
  grep -q "volume cache-$(app forum) kept, unknown" "$SUITE_DIRECTORY/said"
  rm "$SUITE_DIRECTORY/said"
}

@test "it is told once also where the disk of the note has not a free byte" {
  needs_spare_server "fills the disk of its data"
  make_app shop
  truncate --size 8M "$SUITE_DIRECTORY/small.image"
  mkfs.ext4 -q -F -m 0 "$SUITE_DIRECTORY/small.image"
  mkdir "$SUITE_DIRECTORY/small"
  mount -o loop "$SUITE_DIRECTORY/small.image" "$SUITE_DIRECTORY/small" || skip "there is no loop device here"
  cp --archive "$DATA/." "$SUITE_DIRECTORY/small"
  chown dokku:dokku "$SUITE_DIRECTORY/small"
  mount --move "$SUITE_DIRECTORY/small" "$DATA"
  setpriv --reuid dokku --regid dokku --clear-groups cat /dev/zero >"$DATA/filling" 2>/dev/null || true
  too_little
  run --separate-stderr trigger
  first="$stderr"
  run --separate-stderr trigger
  umount "$DATA"
  [[ "$first" == *"Low disk space"* ]]
  [ -z "$output$stderr" ]
}

@test "other plugins are told of each change" {
  make_app shop
  LISTENER="$DOKKU_LIB_ROOT/plugins/enabled/zz-listener"
  mkdir "$LISTENER"
  # shellcheck disable=SC2016 # a script's own variables
  printf '#!/usr/bin/env bash\necho "$1 $2 $4" >>%s\n' "$DOKKU_LOGS_DIR/told" >"$LISTENER/cache-low-disk"
  chmod +x "$LISTENER/cache-low-disk"
  too_little
  trigger 2>/dev/null
  trigger
  enough
  trigger
  run cat "$DOKKU_LOGS_DIR/told"
  rm "$DOKKU_LOGS_DIR/told"
  grep -qE "^$DOKKU_ROOT low [0-9]+$" <<<"$output"
  grep -qE "^$DOKKU_ROOT ok [0-9]+$" <<<"$output"
  [ "$(grep -c " low " <<<"$output")" -eq "$(grep -c " ok " <<<"$output")" ]
}

@test "a deploy is refused for it only where that was asked for, and said how to go on" {
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

@test "a Dokku that cannot refuse a deploy says so when it is asked to, and says that the deploy goes on" {
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

@test "switched off, nothing is looked at" {
  make_app shop
  make_cache shop 10
  dokku cache:set --global min-free off >/dev/null
  run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  [ -e "$(cache_of shop)" ]
}

@test "the engine's own disk counts, in bytes and in inodes, by a share or a size" {
  needs_spare_server "gives another place for the engine's data"
  make_app shop
  small_disk 40 1
  dokku cache:set --global min-free 10% >/dev/null
  run --separate-stderr trigger
  [[ "$stderr" == *"Low disk space: "*" on $SUITE_DIRECTORY/small"* ]]
  rm "$SUITE_DIRECTORY/small/filling"
  run --separate-stderr trigger
  [[ "$output" == *"Enough free space again"* ]]
  dokku cache:set --global min-free 25MB >/dev/null
  run --separate-stderr trigger
  [ -z "$output$stderr" ]
  dokku cache:set --global min-free 1% >/dev/null
  mkdir "$SUITE_DIRECTORY/small/many"
  (cd "$SUITE_DIRECTORY/small/many" && seq 100000 | xargs touch 2>/dev/null) || true
  [ "$(df --output=iavail "$SUITE_DIRECTORY/small" | tail -n 1 | tr -d ' ')" = 0 ]
  run --separate-stderr trigger
  [[ "$stderr" == *", 0 of "*" inodes on $SUITE_DIRECTORY/small"* ]]
}

@test "a silent Docker, a broken Python or a disk that cannot be seen fails no deploy" {
  needs_spare_server "breaks the plugin"
  make_app shop
  too_little
  echo /nowhere >"$DATA/engine-root"
  DOCKER_HOST=unix:///nowhere.sock run --separate-stderr trigger
  [ "$status" -eq 0 ]
  [[ "$stderr" == *" Some caches could not be checked or removed ($DOKKU_LOGS_DIR/cache.log)"* ]]
  [[ "$stderr" == *"Low disk space"* && "$stderr" == *"list all caches with 'dokku cache:list'"* ]]
  mv "$DOKKU_LIB_ROOT/plugins/available/cache/src/dokku_cache/cli.py" "$SUITE_DIRECTORY/cli.py"
  run bash -c "setpriv --reuid dokku --regid dokku --init-groups '$DOKKU_LIB_ROOT/plugins/enabled/cache/pre-receive-app' '$(app shop)' 2>/dev/null"
  mv "$SUITE_DIRECTORY/cli.py" "$DOKKU_LIB_ROOT/plugins/available/cache/src/dokku_cache/cli.py"
  [ "$status" -eq 0 ]
}

@test "deploys that find a low disk at the same time share one removal" {
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
  is_gone shop
  [ "$(dokku cache:history "$(app shop)" --format json | jq '.purges | length')" = 1 ]
}
