#!/usr/bin/env bats
# Triggers for other plugins (docs/formats.md)

load helper
teardown() {
  rm -rf "$OTHER" "$TOLD"
  clean_up
}
setup() {
  OTHER="$DOKKU_LIB_ROOT/plugins/enabled/zz-told" TOLD="$DOKKU_LIB_ROOT/data/cache/told"
}

# implement TRIGGER SCRIPT
implement() {
  mkdir -p "$OTHER"
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$OTHER/$1"
  chmod 755 "$OTHER/$1"
}

@test "another plugin is told of each purge, and what it prints is in the log alone" {
  holds_from 0.33.8
  implement cache-purged "printf '%s\n' \"\$*\" >>$TOLD; echo said by the plugin"
  make_app shop
  make_cache shop 20
  size="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" != *"said by the plugin"* ]]
  grep -qx "[^ ]* cache-purged: said by the plugin" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(cat "$TOLD")" = "$(app shop) legacy $(cache_of shop) $size 20 manual" ]
  # By what it was started is told too.
  make_cache shop 3
  dokku cache:auto-purge "$(app shop)"
  [[ "$(tail -n 1 "$TOLD")" == *" 3 cron" ]]
  # Nothing there, nothing told.
  dokku cache:purge-legacy "$(app shop)"
  [ "$(wc -l <"$TOLD")" -eq 2 ]
}

@test "a plugin that fails, or hangs, changes nothing" {
  holds_from 0.31.0
  implement cache-purged "exit 3"
  make_app shop
  make_cache shop
  run --separate-stderr dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  # shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
  [ -z "$stderr" ]
  is_gone shop
  grep -q "trigger cache-purged failed with exit code 3" "$DOKKU_LOGS_DIR/cache.log"
  implement cache-purged "sleep 300"
  make_cache shop
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  is_gone shop
  grep -q "did not finish within 10 s and was killed" "$DOKKU_LOGS_DIR/cache.log"
}

@test "a purge that fails while nobody looks is told, with its reason" {
  holds_from 0.33.8
  implement cache-purge-failed "printf '%s\n' \"\$@\" >$TOLD"
  make_app shop
  make_cache shop
  chattr +i "$(cache_of shop)/buildcache" 2>/dev/null || skip "this file system has no immutable files"
  run dokku cache:auto-purge "$(app shop)"
  chattr -i "$DOKKU_ROOT/$(app shop)"/*cache*/buildcache "$DOKKU_ROOT/$(app shop)"/.dokku-cache-trash.*/buildcache 2>/dev/null || true
  [ "$status" -eq 3 ]
  mapfile -t told <"$TOLD"
  [ "${told[0]} ${told[1]} ${told[2]} ${told[3]}" = "$(app shop) legacy $(cache_of shop) cron" ]
  run dokku cache:report "$(app shop)" --cache-last-failure
  [ -n "${told[4]}" ]
  [[ "$output" == *" ${told[4]}" ]]
}
