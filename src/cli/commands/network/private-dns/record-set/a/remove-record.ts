/** `postern network private-dns record-set a remove-record`. */
import { Fault } from '#base/fault.ts';
import { command } from '../../../../../command.ts';
import { flatten } from '../../../../../flatten.ts';
import { A_TYPE, addressesOf, RECORD_OPTIONS, recordSetBody, recordSetPath } from '../../../../../record-set.ts';
import { apiVersionOf } from '../../../../../resources.ts';

export default command({
  path: 'network private-dns record-set a remove-record',
  summary: 'Remove an A record; with the last one goes the record set.',
  options: [...RECORD_OPTIONS, { name: 'keep-empty-record-set', kind: 'flag', summary: 'Keep the record set when its last record goes.' }],
  run: async (args, context) => {
    const path = await recordSetPath(args, context, args.need('record-set-name'));
    const server = await context.management();
    const read = await server.get(path, apiVersionOf(A_TYPE));
    const address = args.need('ipv4-address');
    const before = addressesOf(read);
    if (!before.includes(address)) throw new Fault('notFound', 'RecordNotFound', `The record set '${args.need('record-set-name')}' has no record ${address}.`);
    const addresses = before.filter((one) => one !== address);
    if (addresses.length === 0 && args.boolean('keep-empty-record-set') !== true) {
      await server.delete(path, apiVersionOf(A_TYPE));
      return undefined;
    }
    return flatten(await server.put(path, apiVersionOf(A_TYPE), recordSetBody(read, addresses)));
  },
});
