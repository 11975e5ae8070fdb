# Completion of `git-agent` and of `git agent`. The program itself knows the answers; this hands
# the words over. It stands among what fish reads at its start, because the rules for git would
# not be found in a file that is read when git-agent is completed.

function __git_agent_answers
    set -l words (commandline -cp | string replace -r '^.*?git[ -](.*? )?agent(?= )' git-agent)
    set -l typed (commandline -ct)
    for line in (env COMP_WORDS="$words" COMP_CWORD="$typed" _GIT_AGENT_COMPLETE=fish_complete git-agent 2>/dev/null)
        set -l found (string split -m 1 , -- $line)
        switch $found[1]
            case plain
                echo $found[2]
            case dir
                __fish_complete_directories "$typed"
            case file
                __fish_complete_path "$typed"
        end
    end
end

complete --no-files --command git-agent --arguments '(__git_agent_answers)'
complete --no-files --command git --condition __fish_git_needs_command --arguments agent \
    --description 'Turn a sentence into a reviewed branch'
complete --no-files --command git --condition '__fish_git_using_command agent' \
    --arguments '(__git_agent_answers)'
