/** Tell whether an HTTP status asks for another try: a broken or busy server, or a request that took too long. */
export const isTemporary = (status: number): boolean => /5..|408|429/.test(status as any)
