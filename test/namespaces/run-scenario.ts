/** Inside a world: runs one scenario of a file. */
import { pathToFileURL } from 'node:url';

const [, , file = '', name = ''] = process.argv;
const { scenarios } = (await import(pathToFileURL(file).href)) as { scenarios: Record<string, () => Promise<void>> };
const scenario = scenarios[name];
if (!scenario) throw new Error(`${file} has no scenario '${name}'`);
await scenario();
process.exit(0);
