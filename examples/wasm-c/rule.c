// A rule in C, as a WASI command. It answers with commands instead of the whole
// document: nothing has to be parsed but the member that it looks for.
//
//   clang --target=wasm32-wasi -Os -s -o rule.wasm examples/wasm-c/rule.c
//
// (Debian: clang, lld, wasi-libc, libclang-rt-14-dev-wasm32.)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Everything on standard input, with a zero byte at its end; NULL if memory ends.
static char *read_all(void) {
  size_t size = 4096, n = 0;
  char *text = malloc(size);
  while (text) {
    n += fread(text + n, 1, size - n - 1, stdin);
    if (n < size - 1) {
      text[n] = 0;
      break;
    }
    text = realloc(text, size *= 2);
  }
  return text;
}

int main(void) {
  char *input = read_all();
  if (!input) {
    fprintf(stderr, "the input does not fit into memory\n");
    return 1;
  }
  const char *plan = getenv("DEFAULT_PLAN"); // configuration.DEFAULT_PLAN
  if (strstr(input, "\"plan\":\"gold\"")) {
    plan = "gold";
  }
  fprintf(stderr, "plan set\n");
  printf("{\"commands\":[[\"idToken.setCustomClaim\",\"https://acme.example/plan\",\"%s\"]]}\n", plan ? plan : "free");
  return 0;
}
