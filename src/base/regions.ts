/** Azure's public regions. A region's place in the list gives its public front addresses: append, never reorder. */

export interface Region {
  /** As ids and resources write it: `westeurope`. */
  readonly name: string;
  /** As people write it: `West Europe`. */
  readonly displayName: string;
}

const DISPLAY_NAMES = [
  'West Europe',
  'North Europe',
  'East US',
  'East US 2',
  'Central US',
  'North Central US',
  'South Central US',
  'West Central US',
  'West US',
  'West US 2',
  'West US 3',
  'Canada Central',
  'Canada East',
  'Brazil South',
  'Brazil Southeast',
  'Mexico Central',
  'Chile Central',
  'UK South',
  'UK West',
  'France Central',
  'France South',
  'Germany West Central',
  'Germany North',
  'Switzerland North',
  'Switzerland West',
  'Norway East',
  'Norway West',
  'Sweden Central',
  'Sweden South',
  'Poland Central',
  'Italy North',
  'Spain Central',
  'Austria East',
  'Belgium Central',
  'UAE North',
  'UAE Central',
  'Qatar Central',
  'Israel Central',
  'South Africa North',
  'South Africa West',
  'East Asia',
  'Southeast Asia',
  'Japan East',
  'Japan West',
  'Korea Central',
  'Korea South',
  'Australia East',
  'Australia Southeast',
  'Australia Central',
  'Australia Central 2',
  'New Zealand North',
  'Central India',
  'South India',
  'West India',
  'Jio India West',
  'Jio India Central',
  'Indonesia Central',
  'Malaysia West',
] as const;

function compact(text: string): string {
  return text.replaceAll(' ', '').toLowerCase();
}

/** Every region, in the order of their numbers. */
export const regions: readonly Region[] = DISPLAY_NAMES.map((displayName) => ({ name: compact(displayName), displayName }));

const numbers = new Map(regions.map((region, index) => [region.name, index]));

/** The region's name for what a person wrote ("West Europe", "WestEurope"), or undefined when there is no such region. */
export function normalizeRegion(text: string): string | undefined {
  const name = compact(text);
  return numbers.has(name) ? name : undefined;
}

/** The region's number, from 0. The name must be one that `normalizeRegion` gave. */
export function regionIndex(name: string): number {
  const index = numbers.get(name);
  if (index === undefined) throw new RangeError(`'${name}' is no region`);
  return index;
}
