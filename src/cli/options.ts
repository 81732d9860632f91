/** The options of commands: what they are, and those that many commands share. */

export interface Option {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** Further names that mean the same, without dashes; one of a single letter is a short one. */
  readonly aliases?: readonly string[];
  /** `list`: one or more values after the flag. `boolean`: `true|false`, alone it means true. `flag`: takes no value. */
  readonly kind: 'text' | 'integer' | 'list' | 'boolean' | 'flag';
  /** Of a list: each time the flag is given adds a list of its own (`Arguments.lists`) instead of taking the former one's place. */
  readonly repeat?: boolean;
  /** Of a list: what the flag means without values. */
  readonly alone?: readonly string[];
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
  { name: 'debug', kind: 'flag', summary: 'Tell where an error comes from.' },
  { name: 'only-show-errors', kind: 'flag', summary: 'Show no warnings.' },
  { name: 'output', short: 'o', kind: 'text', choices: ['json', 'jsonc', 'none', 'table', 'tsv', 'yaml', 'yamlc'], summary: 'Output format. Default: json.' },
  { name: 'query', kind: 'text', placeholder: 'JMESPATH', summary: 'JMESPath query; see http://jmespath.org.' },
  { name: 'subscription', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name or id of the subscription. Default: that of `account set`.' },
  { name: 'verbose', kind: 'flag', summary: 'Accepted for scripts.' },
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

export const IDS: Option = { name: 'ids', kind: 'list', placeholder: 'ID', summary: 'One or more resource ids, in place of the names.' };

/** Of long-running commands: they end, with nothing printed, when the change has been taken on. */
export const NO_WAIT: Option = { name: 'no-wait', kind: 'flag', summary: 'Do not wait until the change is done.' };

/** Of commands that take something away: the server is asked what would become of it, by a request that can change nothing. */
export const WHAT_IF: Option = { name: 'what-if', kind: 'flag', summary: 'Change nothing: tell what would lose which name or path, and how to undo it.' };

/** A registry by name, where the command is about something of it. */
export const REGISTRY: Option = {
  name: 'registry',
  aliases: ['registry-name'],
  short: 'r',
  kind: 'text',
  placeholder: 'NAME',
  required: true,
  summary: 'Name of the registry.',
};

/** Only to tell registries of one name apart: a registry is found without. */
export const REGISTRY_GROUP: Option = { ...RESOURCE_GROUP, required: false, summary: 'Name of the resource group; a registry is found without.' };

/** A name as it is typed: `--name`, `-n`. */
export function flagOf(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** `--name/-n`, required, for what is described. */
export function nameOption(what: string, options: Partial<Option> = {}): Option {
  return { name: 'name', short: 'n', kind: 'text', placeholder: 'NAME', required: true, summary: `Name of the ${what}.`, ...options };
}
