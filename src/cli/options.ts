/** The options of commands: what they are, and those that many commands share. */

export interface Option {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** Further long names that mean the same, without dashes. */
  readonly aliases?: readonly string[];
  /** `list`: one or more values after the flag. `boolean`: `true|false`, alone it means true. `flag`: takes no value. */
  readonly kind: 'text' | 'integer' | 'list' | 'boolean' | 'flag';
  /** Compared without regard to case; the value is given on in the casing written here. */
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** What stands for the value in the help. */
  readonly placeholder?: string;
  readonly summary: string;
}

/** The options that every command takes. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  { name: 'data', kind: 'text', placeholder: 'DIR', summary: 'Data folder. Default: POSTERN_DATA, else ~/.local/share/postern.' },
  { name: 'help', short: 'h', kind: 'flag', summary: 'Show this help and exit.' },
  { name: 'output', short: 'o', kind: 'text', choices: ['json', 'jsonc', 'none', 'table', 'tsv', 'yaml', 'yamlc'], summary: 'Output format. Default: json.' },
  { name: 'query', kind: 'text', placeholder: 'JMESPATH', summary: 'JMESPath query; see http://jmespath.org.' },
  { name: 'subscription', kind: 'text', placeholder: 'ID', summary: 'Id of the subscription. Default: the one made at first start.' },
];

export const RESOURCE_GROUP: Option = {
  name: 'resource-group',
  short: 'g',
  kind: 'text',
  placeholder: 'GROUP',
  required: true,
  summary: 'Name of the resource group.',
};

export const LOCATION: Option = {
  name: 'location',
  short: 'l',
  kind: 'text',
  placeholder: 'REGION',
  summary: "Region, for example westeurope. Default: the resource group's.",
};

export const TAGS: Option = { name: 'tags', kind: 'list', placeholder: 'KEY=VALUE', summary: 'Tags, separated by blanks.' };

export const YES: Option = { name: 'yes', short: 'y', kind: 'flag', summary: 'Do not ask for confirmation.' };

/** `--name/-n`, required, for what is described. */
export function nameOption(what: string, options: Partial<Option> = {}): Option {
  return { name: 'name', short: 'n', kind: 'text', placeholder: 'NAME', required: true, summary: `Name of the ${what}.`, ...options };
}
