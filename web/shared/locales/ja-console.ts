export const consoleJa = { title: '受電画面' } as const;
