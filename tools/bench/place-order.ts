import { callApi } from '../stack/admin.ts';
import type { Gateway } from './gateway.ts';
import { type OrderOptions, orderBody } from './order-body.ts';

/** Orders one job over HTTP and gives its id. */
export async function placeOrder(gateway: Gateway, key: string, options: OrderOptions = {}): Promise<string> {
  const order = JSON.parse(orderBody(options)) as object;
  const { body } = await callApi({ url: gateway.api.url, key }, 'POST', '/v1/jobs', { body: order });
  return (body as { id: string }).id;
}
