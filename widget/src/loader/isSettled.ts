/** Tell whether an answer with this HTTP status ends a request: only a busy or broken server is asked again. */
export const isSettled = ({ status }: { status: number }): boolean => status < 500 && status != 429 && status != 408
