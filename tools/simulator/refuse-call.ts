import type { Fault } from './faults.ts';
import { pause, sendJson, sendRefusal } from './http-tools.ts';
import type { OpenCall } from './open-call.ts';

/** Faults before the answer begins; true when one of them was the answer. */
export async function refuseOrHang(call: OpenCall, fault: Fault): Promise<boolean> {
  const { response, prompt } = call;
  const status = statusOf(fault);
  if (status !== null) {
    refuse(call, fault, status);
    return true;
  }
  switch (fault.kind) {
    case 'reset':
      response.socket?.destroy();
      call.meter('cut', 0);
      return true;
    case 'error_in_200':
      sendJson(response, 200, JSON.stringify({ error: { code: fault.status ?? 429, message: 'simulated' } }));
      call.meter('refused', 0);
      return true;
    case 'html':
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html>Please log in to the network</html>');
      call.meter('refused', 0);
      return true;
    case 'hang':
      if (prompt.stream && fault.at > 0) return false;
      await pause(Number.POSITIVE_INFINITY, response);
      call.meter('cut', 0);
      return true;
    default:
      return false;
  }
}

function statusOf(fault: Fault): number | null {
  if (/^\d{3}$/.test(fault.kind)) return Number(fault.kind);
  if (fault.kind === 'quota') return 429;
  return fault.kind === 'code' ? (fault.status ?? 400) : null;
}

function refuse(call: OpenCall, fault: Fault, status: number): void {
  const code = fault.kind === 'quota' ? quotaCode(call.prompt.provider) : fault.code;
  const message = `simulated ${fault.kind}, key sk-simulated-0123456789`;
  if (status >= 300 && status < 400) call.response.setHeader('location', '/elsewhere');
  sendRefusal(call.response, call.wire, { status, code, message, retryAfter: fault.retryAfter });
  call.meter('refused', 0);
}

function quotaCode(provider: string): string {
  return provider === 'anthropic' ? 'enforced_spend_limit_reached' : 'insufficient_quota';
}
