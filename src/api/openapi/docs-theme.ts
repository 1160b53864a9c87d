import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';

/** The mark: three lines that wait and one that is served. */
const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14333d"/><g stroke="#7fd1c4" stroke-width="3" stroke-linecap="round"><path d="M7 9h8M7 16h8M7 23h8"/><path stroke="#ffb454" d="M19 16h6m-3-3 3 3-3 3" fill="none" stroke-linejoin="round"/></g></svg>`;

const css = `
body { margin: 0; background: #fbfaf7; }
#swagger-ui::before {
  content: 'LLM job gateway';
  display: block;
  padding: 14px 24px 14px 68px;
  background: #14333d url("data:image/svg+xml,${encodeURIComponent(mark)}") no-repeat 20px center / 34px;
  color: #fff;
  font: 600 20px/34px system-ui, sans-serif;
}
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info .title small pre { font-weight: 600; }
.swagger-ui .scheme-container { background: transparent; box-shadow: none; padding: 8px 0; }
.swagger-ui .opblock-tag { border-bottom-color: #d9d4c7; }
`;

/** How `/docs` looks: this project's own page, which shows this server and no other address. */
export const docsTheme: Pick<FastifySwaggerUiOptions, 'theme' | 'uiConfig'> = {
  theme: {
    title: 'LLM job gateway: API',
    css: [{ filename: 'gateway.css', content: css }],
    favicon: [{ filename: 'mark.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: mark }],
  },
  uiConfig: {
    // The standalone layout has a bar in which any address can be explored.
    layout: 'BaseLayout',
    docExpansion: 'list',
    tryItOutEnabled: true,
    persistAuthorization: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
  },
};
