// Shows openapi.yaml. If the API serves the page, calls go to it, with the demo's credentials if it has demo data. On a published page
// calls go to the server of the document, with the reader's credentials.
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
  // The document is not sent to a validator.
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
