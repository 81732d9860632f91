/** `postern network private-dns record-set a add-record`. */
import { command } from '../../../../../command.ts';
import { flatten } from '../../../../../flatten.ts';
import { A_TYPE, addressesOf, RECORD_OPTIONS, recordSetBody, recordSetPath } from '../../../../../record-set.ts';
import { apiVersionOf } from '../../../../../resources.ts';

export default command({
  path: 'network private-dns record-set a add-record',
  summary: 'Add an A record; the record set is made when there is none.',
  options: RECORD_OPTIONS,
  run: async (args, context) => {
    const path = await recordSetPath(args, context, args.need('record-set-name'));
    const server = await context.management();
    const read = await server.find(path, apiVersionOf(A_TYPE));
    const addresses = [...new Set([...addressesOf(read), args.need('ipv4-address')])];
    return flatten(await server.put(path, apiVersionOf(A_TYPE), recordSetBody(read, addresses)));
  },
});
