/** After so many offers in a row left to ring, an operator is not there: she is set away. */
export const RING_NO_ANSWER_LIMIT = 3;
