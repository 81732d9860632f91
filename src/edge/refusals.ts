/** Replies that the edge makes itself, in the envelope of the plane that the client thought to speak to. */
import { asFault, type Fault } from '#base/fault.ts';
import { jsonReply, type Reply } from '#http/message.ts';

/** ARM's error envelope. */
export function armRefusal(thrown: unknown): Reply {
  const fault: Fault = asFault(thrown);
  const { code, message, target } = fault;
  return jsonReply(fault.status, { error: { code, message, ...(target ? { target } : {}) } }, fault.headers);
}

/** 421: nothing is wrong with the request but where it was sent. */
export function misdirected(why: string, style: 'arm' | 'oci'): Reply {
  const message = `Misdirected request: ${why}. The TLS server name, the Host header and the address that was dialled must name the same server.`;
  return jsonReply(421, style === 'arm' ? { error: { code: 'MisdirectedRequest', message } } : { errors: [{ code: 'MISDIRECTED', message }] });
}
