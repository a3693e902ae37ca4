// Shows openapi.yaml. Where the API itself serves the page, calls go there, and the demo's credentials are filled in if it has the
// demo; where the page is published, they go where the document says, with what the reader has.
const settings = JSON.parse(document.getElementById("settings").textContent);

const callTheServer = {
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (document) =>
          update({ ...document, servers: [{ url: location.origin, description: "This process · 本进程" }] }),
      },
    },
  },
};

window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#reference",
  plugins: settings.isServedByTheApi ? [callTheServer] : [],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Nobody else is asked whether the document is valid.
  validatorUrl: null,
  onComplete: () => {
    for (const [scheme, secret] of Object.entries(settings.credentials)) {
      if (typeof secret === "string") {
        window.ui.preauthorizeApiKey(scheme, secret);
      } else {
        window.ui.preauthorizeBasic(scheme, secret.username, secret.password);
      }
    }
  },
});
