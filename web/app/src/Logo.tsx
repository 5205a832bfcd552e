export function Logo() {
  return (
    <h1 className="app-logo">
      <img src="/icon.svg" alt="" width="28" height="28" />
      NeuralDocFlow
    </h1>
  );
}
