/** Help texts, in az's layout. */
import { spelling } from './arguments.ts';
import type { Command } from './command.ts';
import { GLOBAL_OPTIONS, type Option } from './options.ts';
import { below, groupSummary } from './tree.ts';

const WIDTH = 100;

export function commandHelp(command: Command): string {
  const required = command.options.filter((option) => option.required);
  const optional = command.options.filter((option) => !option.required);
  const usage = [
    `postern ${command.path}`,
    ...(command.positionals ?? []).map(({ name, required: needed }) => (needed ? name : `[${name}]`)),
    ...required.map((option) => usageOf(option)),
    ...(optional.length > 0 ? ['[options]'] : []),
    ...(command.rest === undefined ? [] : [`-- ${command.rest}`]),
  ].join(' ');
  const options = [...command.options].sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false));
  const sections = [
    section('Command', [[`postern ${command.path}`, command.summary]], ' : '),
    `Usage\n    ${usage}\n`,
    section(
      'Arguments',
      [
        ...(command.positionals ?? []).map(({ name, required: needed, summary }): [string, string] => [`${name}${needed ? ' [Required]' : ''}`, summary]),
        ...options.map((option): [string, string] => [label(option), describe(option)]),
      ],
      ' : ',
    ),
    section(
      'Global Arguments',
      GLOBAL_OPTIONS.map((option): [string, string] => [label(option), describe(option)]),
      ' : ',
    ),
    command.notes === undefined ? '' : `Notes\n${wrapped(command.notes, 4)}\n`,
    command.examples === undefined ? '' : `Examples\n${command.examples.map((example) => `    ${example}`).join('\n')}\n`,
  ];
  return `\n${sections.filter((text) => text !== '').join('\n')}`;
}

/** The help of a group, or of everything for no words; undefined when the words are no group. */
export async function groupHelp(words: readonly string[]): Promise<string | undefined> {
  const { groups, commands } = await below(words);
  if (groups.length + commands.length === 0) return undefined;
  const path = ['postern', ...words].join(' ');
  const sections = [
    section('Group', [[path, groupSummary(words) ?? 'A self-hosted container registry that is reached by private endpoint.']], ' : '),
    groups.length === 0 ? '' : section('Subgroups', groups, ' : '),
    commands.length === 0 ? '' : section('Commands', commands, ' : '),
    `For more on one of them: ${path} NAME --help\n`,
  ];
  return `\n${sections.filter((text) => text !== '').join('\n')}`;
}

function usageOf(option: Option): string {
  return `--${option.name} ${option.placeholder ?? option.name.toUpperCase()}`;
}

function label(option: Option): string {
  return `${spelling(option).replaceAll('/', ' ')}${option.required ? ' [Required]' : ''}`;
}

function describe(option: Option): string {
  const allowed = option.choices ?? (option.kind === 'boolean' ? ['false', 'true'] : undefined);
  return `${option.summary}${allowed === undefined ? '' : `  Allowed values: ${allowed.join(', ')}.`}`;
}

function section(title: string, rows: readonly (readonly [string, string])[], separator: string): string {
  if (rows.length === 0) return '';
  const width = Math.min(42, Math.max(...rows.map(([name]) => name.length)));
  const lines = rows.map(([name, text]) => {
    const first = `    ${name.padEnd(width)}${separator}`;
    return `${first}${wrapped(text, first.length).trimStart()}`;
  });
  return `${title}\n${lines.join('\n')}\n`;
}

/** The text broken at blanks, every line indented. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}`).join('\n');
}
