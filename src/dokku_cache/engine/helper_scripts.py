"""What runs inside the helper container: busybox ash, started in the one mounted directory.

Lines on standard output are the protocol: ``+ <entries>`` for what is gone, ``= <links> <device> <inode> <blocks>
<seconds> <kind>`` for what was measured, ``u <uid>`` once for each owner in the first two levels, ``n <directory>
<hex>`` for the names in the directory itself (``.``) and in some that are in it, each name with a NUL behind it,
``alive`` as a sign of life, ``done`` at the very end.
"""

from dokku_cache.tree.contents import AMBIGUOUS

#: Where the directory is mounted.
MOUNT_POINT = "/legacy"
#: Of the names in one directory so much is sent.
MOST_NAME_BYTES = 100_000

# xargs is called by its path, as another program: by its name it would run in a fork of the shell, with the
# shell's handler for SIGCHLD; that breaks its reading off when a worker ends, and a file name with it (busybox 1.35).
# -s: batches of as many bytes; by default they are a third of that, and starting programs takes most of the time.
#
# The mount is the last moment at which something else could stand behind the path; so what is mounted is
# compared with what was checked. Exit code 70 tells the two apart from a failure.
_PRELUDE = f"""
cd {MOUNT_POINT} || exit 71
[ "$(stat -c %d:%i .)" = "$1" ] || exit 70
[ -z "$2" ] || {{ renice -n 19 $$; ionice -c 3 -p $$; }} >/dev/null 2>&1
while sleep 5; do echo alive >&2; done &
xargs="/bin/xargs -0 -r -s 100000"
"""

# Files and directories go in one stream, deepest first, to whichever worker is free: a tree of any shape keeps them
# all busy. Whoever gets a directory while others are at its last files takes those along; where a batch fails, what
# is still there is not counted. What is deeper than 16 directories goes with the one it is in: in a chain of
# thousands, each would else be tried down to where names get too long, from every level of it.
#
# Paths beyond PATH_MAX cannot be named from the top: what is left after the first round is moved up from a depth that
# can be (14 names of 255 bytes), until nothing is.
EMPTY = (
    _PRELUDE
    + r"""
workers=$3
batch='left=0
rm -rf -- "$@" 2>/dev/null || left=$(stat -c %i -- "$@" 2>/dev/null | awk "END { print NR }")
echo "+ $(($# - left))"'
sweep() {
  find . -depth -mindepth 1 -maxdepth 16 -print0 2>/dev/null | $xargs -n 1000 -P "$workers" sh -c "$batch" sh
  rm -rf -- ./* ./.[!.]* ./..?* 2>/dev/null
}
is_empty() { [ -z "$(find . -mindepth 1 -maxdepth 1 -print 2>/dev/null | head -n 1)" ]; }
sweep
round=0
while ! is_empty && [ -n "$(find . -mindepth 14 -maxdepth 14 -type d 2>/dev/null | head -n 1)" ]; do
  round=$((round + 1))
  find . -mindepth 14 -maxdepth 14 -type d -print0 2>/dev/null |
    $xargs -n 1 sh -c 'mv -- "$1" "./.deep.$0.$$"' "$round"
  [ "$round" -lt 20000 ] || break
done
[ "$round" -eq 0 ] || sweep
is_empty || { rm -rf -- ./* ./.[!.]* ./..?* 2>&1 | head -n 3 >&2; exit 72; }
echo done
"""
)

# One xargs at a time, or lines of two would mix. Beyond PATH_MAX: descend by 14 names, and start again there.
MEASURE = (
    (
        _PRELUDE
        + r"""
level='find . -mindepth 1 -maxdepth 14 -print0 | $xargs -n 1000 stat -c "= %h %d %i %b %Y %F" --
find . -mindepth 14 -maxdepth 14 -type d -exec sh -c "cd -P -- \"\$1\" && eval \"\$level\"" sh {} \;'
export level xargs
find . -maxdepth 2 -print0 | $xargs -n 1000 stat -c %u -- | awk '!seen[$0]++ { print "u " $0 }'
names() {
  printf "n %s " "$1"
  (cd "$1" && find . -mindepth 1 -maxdepth 1 -print0 | head -c @BYTES@ | od -An -v -tx1 | tr -d " \n")
  echo
}
names .
for name in @AMBIGUOUS@; do
  [ ! -d "$name" ] || [ -L "$name" ] || names "$name"
done
stat -c "= %h %d %i %b %Y top" .
eval "$level"
echo done
"""
    )
    .replace("@AMBIGUOUS@", " ".join(sorted(AMBIGUOUS)))
    .replace("@BYTES@", str(MOST_NAME_BYTES))
)

# The kernel's table of mounts tells what the engine has found at a path, file or directory.
PLACE = f"""
grep " {MOUNT_POINT} " /proc/self/mountinfo
echo done
"""
