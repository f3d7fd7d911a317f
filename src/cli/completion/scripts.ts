/** The scripts that teach a shell to complete `kubectl-azir`; kubectl itself asks `kubectl_complete-azir`. */
import { CommandError } from '../exit.ts';

const BASH = `# Completion of kubectl-azir for bash: source <(kubectl azir completion bash)
_kubectl_azir() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in :*) ;; *) COMPREPLY+=("\${line%%$'\\t'*}") ;; esac
  done < <(kubectl-azir __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _kubectl_azir kubectl-azir
`;

const ZSH = `#compdef kubectl-azir
# Completion of kubectl-azir for zsh: source <(kubectl azir completion zsh)
_kubectl_azir() {
  local -a found
  local line
  while IFS= read -r line; do
    [[ $line == :* ]] || found+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done < <(kubectl-azir __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe 'kubectl azir' found || _files
}
compdef _kubectl_azir kubectl-azir
`;

const FISH = `# Completion of kubectl-azir for fish: kubectl azir completion fish | source
function __kubectl_azir
  set -l words (commandline -opc) (commandline -ct)
  kubectl-azir __complete $words[2..-1] 2>/dev/null | string match -rv '^:'
end
complete -c kubectl-azir -f -a '(__kubectl_azir)'
`;

const POWERSHELL = `# Completion of kubectl-azir for PowerShell: kubectl azir completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName kubectl-azir -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  kubectl-azir __complete @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $value, $text = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $(if ($text) { $text } else { $value }))
  }
}
`;

const KUBECTL = `#!/bin/sh
# kubectl asks a plugin's completion of this name on PATH: save it as kubectl_complete-azir, executable.
exec kubectl-azir __complete "$@"
`;

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
  kubectl: KUBECTL,
};

/** @throws CommandError for a shell that is none of these. */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined)
    throw new CommandError(`invalid shell "${shell}": must be one of ${Object.keys(SCRIPTS).join(', ')}`);
  return script;
}
