// Shows openapi.yaml. Where the page comes with credentials, the API is where the page is: calls go there, and the credentials
// are filled in.
const credentials = JSON.parse(document.getElementById("credentials").textContent);

const callTheOwner = {
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
  plugins: credentials ? [callTheOwner] : [],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Nobody else is asked whether the document is valid.
  validatorUrl: null,
  onComplete: () => {
    for (const [scheme, secret] of Object.entries(credentials ?? {})) {
      if (typeof secret === "string") {
        window.ui.preauthorizeApiKey(scheme, secret);
      } else {
        window.ui.preauthorizeBasic(scheme, secret.username, secret.password);
      }
    }
  },
});
