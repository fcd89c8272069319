#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:purge-volumes

load helper
teardown() { clean_up; }

# refuses TEXT ARGUMENTS...: fails with TEXT, and removes no volume.
refuses() {
  local before
  before="$(docker volume ls --quiet)"
  run --separate-stderr dokku cache:purge-volumes "${@:2}"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"$1"* ]] || { echo "printed: $output $stderr" && return 1; }
  [ "$before" = "$(docker volume ls --quiet)" ]
}

# bats test_tags=quick
@test "the live volumes of an app are removed, with the note that its next build is slower" {
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
  for text in '"kind": *"herokuish"' '"kind": *"pack"' '"by": *"manual"'; do grep -q "$text" <<<"$output"; done
  run --separate-stderr dokku cache:purge-volumes "$(app shop)" "$(app unknown)"
  [ "$status" -eq 20 ]
  [[ "$output" == *"$(app shop) has no cache volumes"* ]]
  [[ "$stderr" == *"App $(app unknown) does not exist"* ]]
}

@test "a volume that a container mounts or an option of another app names is kept" {
  make_app shop
  make_app blog
  make_herokuish_volume shop 1
  make_container create --name "$PREFIX-job" --volume "cache-$(app shop):/cache"
  refuses "Volume cache-$(app shop) is in-use: container $PREFIX-job mounts it" "$(app shop)"
  [[ "$stderr" == *"'docker rm $PREFIX-job'"* ]]
  docker rm "$PREFIX-job" >/dev/null
  dokku docker-options:add "$(app blog)" deploy "-v cache-$(app shop):/data" >/dev/null
  refuses "is in-use: a Docker option of $(app blog) refers to it" "$(app shop)"
}

@test "nothing is removed while the app is being deployed" {
  make_app shop
  make_herokuish_volume shop 1
  hold_deploy_lock shop
  refuses "App $(app shop) is being deployed" "$(app shop)"
}

@test "a volume without Dokku's label is kept, and the message names Dokku's own command" {
  make_app shop
  make_volume "cache-$(app shop)" 1
  refuses "no label shows that Dokku created it" "$(app shop)"
  [[ "$stderr" == *"'dokku repo:purge-cache $(app shop)'"* ]]
}

@test "of destroyed apps only proven volumes older than min-age are removed, as the dry run says" {
  make_app shop
  make_herokuish_volume shop 1
  make_herokuish_volume forum 2
  make_pack_volume landing 3
  make_volume "cache-$(app data)" 1
  make_herokuish_volume busy 1
  make_container create --volume "cache-$(app busy):/cache"
  make_herokuish_volume alive 1
  make_container create --name "$(app alive).web.1" --label "com.dokku.app-name=$(app alive)"
  # A volume whose driver has options is somewhere else.
  mkdir -p "$DOKKU_ROOT/$PREFIX-elsewhere"
  make_bound() { docker volume create --label "dokku-cache-test=$PREFIX" --label com.dokku.builder-type=herokuish "$@" >/dev/null; }
  make_bound --label "com.dokku.app-name=$(app bound)" --opt type=none --opt o=bind --opt "device=$DOKKU_ROOT/$PREFIX-elsewhere" "cache-$(app bound)"
  run --separate-stderr dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 0 ]
  [[ "$output" == *"No cache volumes of destroyed apps found"* ]]

  without_min_age
  refuses "no terminal to ask for it" --orphaned
  [[ "$stderr" == *"--dry-run, then add --force"* ]]
  before="$(docker volume ls --quiet)"
  run dokku cache:purge-volumes --orphaned --dry-run
  [ "$status" -eq 0 ]
  grep -qE "^       $(app forum) +remove  2.0 MiB, volume cache-$(app forum), orphaned: app $(app forum) was destroyed" <<<"$output"
  grep -qE "^       $(app data) +keep    volume cache-$(app data), unknown: there is no app $(app data), and no label" <<<"$output"
  [[ "$output" == *"unknown: Dokku does not list app $(app alive), but container"*"freeing "* ]]
  [ "$before" = "$(docker volume ls --quiet)" ]

  run --separate-stderr dokku cache:purge-volumes --orphaned --force
  [ "$status" -eq 0 ]
  [[ "$output" == *"Purging cache volume cache-$(app forum) of $(app forum) (2.0 MiB)"* ]]
  [[ "$output" == *" of $(app landing) (3.0 MiB)"* ]]
  run ! has_volume "cache-$(app forum)"
  run ! has_volume "$(pack_volume landing)"
  for name in shop data busy alive bound; do
    has_volume "cache-$(app "$name")"
  done
}

@test "a user who may not see every app removes no volumes of destroyed apps, and those of visible apps" {
  without_min_age
  for name in shop secret; do
    make_app "$name"
    make_herokuish_volume "$name" 1
  done
  make_herokuish_volume forum 1
  hide_app secret
  refuses "may belong to another user's app" --orphaned --force
  run --separate-stderr dokku cache:purge-volumes "$(app secret)"
  [ "$status" -eq 20 ]
  run --separate-stderr dokku cache:purge-volumes "$(app shop)"
  [ "$status" -eq 0 ]
  run ! has_volume "cache-$(app shop)"
  has_volume "cache-$(app secret)"
}

@test "of pack's generations of a volume, the one with another key is stale" {
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
  run jq --raw-output '.caches[] | "\(.location) \(.state)"' <<<"$output"
  grep -qx "$(pack_volume shop "$now") live" <<<"$output"
  grep -qx "$(pack_volume shop) stale" <<<"$output"
}

@test "wrong usage is refused with the usage" {
  refuses "Please specify an app"
  [[ "$stderr" == *"dokku cache:help purge-volumes"* ]]
  refuses "" --orphaned x
  refuses "--orphaned" --all
}
