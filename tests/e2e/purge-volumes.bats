#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:purge-volumes

load helper
setup() { AUTHORIZER="$DOKKU_LIB_ROOT/plugins/enabled/zz-auth"; }
teardown() {
  [[ -z "$LOCKED" ]] || kill "$LOCKED" 2>/dev/null || true
  [[ ! -e "$AUTHORIZER" ]] || rm -r "$AUTHORIZER"
  remove_volumes
  clean_up
}

# Volumes cannot be made to look old: it is the time that has to pass which is set.
without_min_age() { dokku cache:set --global min-age 0 >/dev/null; }

volumes() { docker volume ls --quiet | LC_ALL=C sort; }

# bats test_tags=quick
@test "the live volumes of an app go, of either builder, and that its next build is slow is said" {
  make_app shop
  make_herokuish_volume shop 3
  make_pack_volume shop 2
  make_app wiki
  make_herokuish_volume wiki 1
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ "$output" == *"-----> Purging cache volume cache-$(app shop) of $(app shop) (3.0 MiB)"*"       Removed in "*" s"* ]]
  [[ "$output" == *"-----> Purging cache volume $(pack_volume shop) of $(app shop) (2.0 MiB)"*"       Removed in "*" s"* ]]
  [[ "$output" == *"The next build of $(app shop) is slower"* ]]
  [ "${lines[-1]}" = "=====> 2 cache volumes removed, 5.0 MiB in total" ]
  run ! has_volume "cache-$(app shop)"
  run ! has_volume "$(pack_volume shop)"
  has_volume "cache-$(app wiki)"
  run dokku cache:history "$(app shop)" --format json
  for said in '"kind": *"herokuish"' '"kind": *"pack"' '"by": *"manual"'; do grep -q "$said" <<<"$output"; done
}

@test "an app without a cache volume has nothing to do, and an app that is none exits with 20" {
  make_app shop
  run --separate-stderr dokku cache:purge-volumes "$(app shop)" "$(app nosuch)"
  [ "$status" -eq 20 ]
  [[ "$output" == *"$(app shop) has no cache volumes"* ]]
  [[ "$stderr" == *"App $(app nosuch) does not exist"* ]]
}

@test "a volume that a container mounts, running or not, stays, and the container is named" {
  make_app shop
  make_herokuish_volume shop 1
  make_container create --name "$PREFIX-job" --volume "cache-$(app shop):/cache"
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"Volume cache-$(app shop) is in-use: container $PREFIX-job mounts it"* ]]
  [[ "$stderr" == *"'docker rm $PREFIX-job'"* ]]
  has_volume "cache-$(app shop)"
}

@test "a volume that an option of another app names stays, though no container is there" {
  make_app shop
  make_app blog
  make_herokuish_volume shop 1
  dokku docker-options:add "$(app blog)" deploy "-v cache-$(app shop):/data" >/dev/null
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"is in-use: a Docker option of $(app blog) refers to it"* ]]
  has_volume "cache-$(app shop)"
}

@test "nothing goes while the app is being deployed" {
  make_app shop
  make_herokuish_volume shop 1
  mkdir -p "$(dirname "$(deploy_lock shop)")"
  flock "$(deploy_lock shop)" sleep 300 &
  LOCKED="$!"
  wait_for test -e "$(deploy_lock shop)"
  sleep 0.2
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  pkill -P "$LOCKED" sleep
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"App $(app shop) is being deployed"* ]]
  has_volume "cache-$(app shop)"
}

@test "what only a name says is not removed: Dokku's own command is named" {
  make_app shop
  make_volume "cache-$(app shop)" 1
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"no label shows that Dokku created it"* && "$stderr" == *"'dokku repo:purge-cache $(app shop)'"* ]]
  has_volume "cache-$(app shop)"
}

@test "of apps that are gone only what is proven goes, once it is older than the quiet time" {
  make_app shop
  make_herokuish_volume shop 1
  make_herokuish_volume forum 2
  make_pack_volume landing 3
  make_volume "cache-$(app data)" 1
  make_herokuish_volume busy 1
  make_container create --volume "cache-$(app busy):/cache"
  run --separate-stderr dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 0 ]
  [[ "$output" == *"No cache volumes of destroyed apps found"* ]]
  has_volume "cache-$(app forum)"

  without_min_age
  run --separate-stderr dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 0 ]
  [[ "$output" == *"Purging cache volume cache-$(app forum) of $(app forum) (2.0 MiB)"* ]]
  [[ "$output" == *" of $(app landing) (3.0 MiB)"* ]]
  run ! has_volume "cache-$(app forum)"
  run ! has_volume "$(pack_volume landing)"
  has_volume "cache-$(app shop)"
  has_volume "cache-$(app data)"
  has_volume "cache-$(app busy)"
}

@test "a dry run says what would go and what stays, and changes nothing" {
  without_min_age
  make_herokuish_volume forum 2
  make_volume "cache-$(app data)" 1
  before="$(volumes)"
  run --separate-stderr dokku cache:purge-volumes --orphaned --dry-run
  [ "$status" -eq 0 ]
  grep -qE "^       $(app forum) +remove  2.0 MiB, volume cache-$(app forum), orphaned: app $(app forum) was destroyed" <<<"$output"
  grep -qE "^       $(app data) +keep    volume cache-$(app data), unknown: there is no app $(app data), and no label" <<<"$output"
  [[ "$output" == *"freeing "* ]]
  [ "$(volumes)" = "$before" ]
}

@test "without a terminal --orphaned needs --force, and says so" {
  without_min_age
  make_herokuish_volume forum 1
  run --separate-stderr dokku cache:purge-volumes --orphaned
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"no terminal to ask for it"* && "$stderr" == *"--dry-run, then add --force"* ]]
  has_volume "cache-$(app forum)"
}

@test "an app whose image or container is still there is not gone for certain" {
  without_min_age
  make_herokuish_volume forum 1
  make_container create --name "$(app forum).web.1" --label "com.dokku.app-name=$(app forum)"
  run dokku cache:purge-volumes --orphaned --dry-run
  [[ "$output" == *"unknown: Dokku does not list app $(app forum), but container"* ]]
}

@test "who may not see every app removes nothing of apps that are gone, and the volumes of their own" {
  without_min_age
  make_app shop
  make_app secret
  make_herokuish_volume shop 1
  make_herokuish_volume secret 1
  make_herokuish_volume forum 1
  mkdir "$AUTHORIZER"
  # shellcheck disable=SC2016 # a script's own variables
  printf '#!/usr/bin/env bash\nshift 2\nfor app in "$@"; do [[ "$app" == *secret ]] || echo "$app"; done\n' >"$AUTHORIZER/user-auth-app"
  chmod +x "$AUTHORIZER/user-auth-app"
  run --separate-stderr dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"may belong to another user's app"* ]]
  run --separate-stderr dokku cache:purge-volumes "$(app secret)"
  [ "$status" -eq 20 ]
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 0 ]
  run ! has_volume "cache-$(app shop)"
  has_volume "cache-$(app secret)"
  has_volume "cache-$(app forum)"
}

@test "of pack's generations the one without its key is stale, and goes with the app's by hand" {
  make_app shop
  local key="abcdefghijklmnopqrst" image now
  image="index.docker.io/dokku/$(app shop):latest"
  now="$(printf '%s%s' "$image" "$key" | sha256sum | cut -c 1-12)"
  make_volume "$(pack_volume shop "$now")" 1
  make_pack_volume shop 2
  mkdir -p "$DOKKU_ROOT/.pack"
  printf '[volume-keys]\n  "%s" = "%s"\n' "$image" "$key" >"$DOKKU_ROOT/.pack/volume-keys.toml"
  run dokku cache:list --kind pack --format json
  rm -r "$DOKKU_ROOT/.pack"
  /usr/bin/python3 -I - "$output" "$(pack_volume shop "$now")" "$(pack_volume shop)" <<'PYTHON'
import json, sys
states = {cache["location"]: cache["state"] for cache in json.loads(sys.argv[1])["caches"]}
assert (states[sys.argv[2]], states[sys.argv[3]]) == ("live", "stale"), states
PYTHON
}

@test "a volume whose driver has options is never taken for Dokku's" {
  without_min_age
  mkdir -p "$DOKKU_ROOT/$PREFIX-elsewhere"
  docker volume create --label "dokku-cache-test=$PREFIX" --label com.dokku.builder-type=herokuish \
    --label "com.dokku.app-name=$(app forum)" --opt type=none --opt o=bind --opt "device=$DOKKU_ROOT/$PREFIX-elsewhere" \
    "cache-$(app forum)" >/dev/null
  run dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 0 ]
  has_volume "cache-$(app forum)"
}

@test "wrong usage is answered with the usage" {
  run --separate-stderr dokku cache:purge-volumes
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"Please specify an app"* && "$stderr" == *"dokku cache:help purge-volumes"* ]]
  run --separate-stderr dokku cache:purge-volumes --orphaned x
  [ "$status" -eq 1 ]
  run --separate-stderr dokku cache:purge-volumes --all
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"valid flags: "*"--orphaned"* ]]
}
