# What the stages share. Sourced, not run.
# shellcheck shell=bash
set -u
cd "${OTASUKE_TOP:?run by ./test}" || exit 1

# result pass|fail|skip NAME [SOURCE FILE]
result() {
    printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$OTASUKE_RESULTS"
}

# build_folder FOLDER COMPILER MESON_OPTION...: sets the folder up, anew when the options are not those of last time. It is
# this stage's alone (another ./test waits) until the stage ends or says build_done.
build_folder() {
    local folder=$1 compiler=$2
    shift 2
    mkdir -p "$folder" && exec 8>"$folder/.lock" && flock 8 || return 1
    ! command -v ccache >/dev/null || compiler="ccache $compiler"
    local want="$compiler $*"
    if [ "$(cat "$folder/.options" 2>/dev/null)" = "$want" ]; then
        ninja -C "$folder" build.ninja # so that new tests and targets are known before they are listed
        return
    fi
    rm -rf "$folder/.options" "$folder/meson-private"
    CC=$compiler meson setup "$folder" "$@" || return 1
    echo "$want" >"$folder/.options"
}

# The programs stand: another ./test may have the folder now. Only for stages that write nothing more in it.
build_done() {
    exec 8>&-
}
