import { createTheme } from '@mantine/core';
import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';

/** 藍: the one accent colour. Everything else is grey or says a state. */
const indigo: MantineColorsTuple = [
  '#eef3fb',
  '#dce6f5',
  '#b6cae9',
  '#8eaddd',
  '#6c94d3',
  '#5784cd',
  '#4376c4',
  '#3566b1',
  '#2d5aa4',
  '#204a8d',
];

const FONTS = [
  "'Hiragino Sans'",
  "'Noto Sans JP'",
  "'Noto Sans CJK JP'",
  "'Yu Gothic UI'",
  'Meiryo',
  'system-ui',
  'sans-serif',
].join(', ');

export const theme = createTheme({
  colors: { indigo },
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  fontFamily: FONTS,
  headings: { fontFamily: FONTS, fontWeight: '600' },
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.125rem', xl: '1.375rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // The fonts above have no medium weight: a label would be as loud as a heading.
    InputWrapper: { styles: { label: { fontWeight: 400, marginBottom: 2 } } },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 100 } } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, centered: true } },
    Menu: { defaultProps: { transitionProps: { duration: 100 } } },
  },
});

/** Secondary text that still has a contrast of 4.5 : 1 on both grounds. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5b636b' },
  dark: { '--mantine-color-dimmed': '#a5a8ad' },
});
