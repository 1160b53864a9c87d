/** For an upstream of the operator's own that wants no key; the SDKs insist on one. */
export const placeholderKey = 'no-key-configured';

/** As long as a timer can hold: our own limits know why they end a call, the SDKs' do not. */
export const sdkTimeoutMs = 2 ** 31 - 1;
