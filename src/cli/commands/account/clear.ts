/** `postern account clear`: forgets the chosen subscription and who signed in by `postern login`. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAccount } from '../../account-file.ts';
import { command } from '../../command.ts';

export default command({
  path: 'account clear',
  summary: "Forget the chosen subscription and who signed in: commands are the operator's again.",
  options: [],
  run: async (_args, context) => {
    writeAccount(context.data, {});
    rmSync(join(context.data, 'run', 'token.json'), { force: true });
    return undefined;
  },
});
