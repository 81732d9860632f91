/** `postern logout`: commands are the operator's again. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAccount, writeAccount } from '../account-file.ts';
import { command } from '../command.ts';

export default command({
  path: 'logout',
  summary: "Sign out: commands on the host are the operator's again, those in a machine its identity's.",
  options: [{ name: 'username', short: 'u', kind: 'text', summary: 'Accepted for scripts.' }],
  run: async (_args, context) => {
    const { principal: _, ...kept } = readAccount(context.data);
    writeAccount(context.data, kept);
    rmSync(join(context.data, 'run', 'token.json'), { force: true });
    return undefined;
  },
});
