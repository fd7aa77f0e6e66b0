export const consoleEn = { title: 'Operator console' } as const;
