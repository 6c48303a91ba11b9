// The invitation's secret stands behind the # of the address, which browsers send to nobody. It goes into the form here.
(function () {
  'use strict';
  var form = document.querySelector('[data-welcome]');
  if (!form) { return; }
  function read() {
    if (window.location.hash.length > 1) { form.elements.code.value = window.location.hash.slice(1); }
  }
  read();
  window.addEventListener('hashchange', read);
  form.addEventListener('submit', function () {
    // From now on the address no longer holds it, also not in the history.
    window.history.replaceState(null, '', window.location.pathname);
  });
}());
