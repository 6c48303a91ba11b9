// The token stands behind the # of the address, which browsers send to nobody. It goes into the form here.
(function () {
  'use strict';
  var form = document.querySelector('[data-begin]');
  if (!form) { return; }
  function read() {
    var token = window.location.hash.slice(1);
    form.elements.token.value = token;
    form.querySelector('[data-begin-button]').hidden = !token;
    form.querySelector('[data-no-token]').hidden = !!token;
  }
  read();
  window.addEventListener('hashchange', read);
  form.addEventListener('submit', function () {
    // From now on the address no longer holds the token, also not in the history.
    window.history.replaceState(null, '', window.location.pathname);
  });
}());
