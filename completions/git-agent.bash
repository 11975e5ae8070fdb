# Completion of `git-agent`, and of `git agent` through git's own completion, which looks for a
# function named _git_agent. The program itself knows the answers; this hands the words over.

# "type,value" lines for the words $2… of which number $1 is being typed; silent whatever happens
__git_agent_answers() {
    local at=$1
    shift
    env COMP_WORDS="$*" COMP_CWORD="$at" _GIT_AGENT_COMPLETE=bash_complete git-agent 2>/dev/null
}

# Answers into COMPREPLY, each with $1 behind it; files and folders are left to bash
__git_agent_take() {
    local end=$1 kind value
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
        plain) COMPREPLY+=("$value$end") ;;
        dir) compopt -o dirnames 2>/dev/null ;;
        file) compopt -o default 2>/dev/null ;;
        esac
    done
}

_git_agent_command() {
    __git_agent_take "" < <(__git_agent_answers "$COMP_CWORD" "${COMP_WORDS[@]}")
}

# git completes with `nospace`, and has put its words into words, cword and __git_cmd_idx
_git_agent() {
    local at=${__git_cmd_idx:-1}
    __git_agent_take " " < <(__git_agent_answers $((cword - at)) git-agent "${words[@]:at+1}")
}

complete -o nosort -F _git_agent_command git-agent
