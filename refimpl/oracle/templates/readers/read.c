/* Reads a file of test vectors; prints the sum of the numbers of each case, inputs and right answers, for each precision.
 *     cc -O2 -o read read.c -lm && ./read lion.step.json
 * Of the three kinds of values an array has `data`, `shape` and `dtype`; an option is text; what is not finite is text too. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Json { char *name, *text; double number; struct Json *first, *next; } Json; /* text: NULL if a number */

static Json *parse(char **at) { /* any JSON without escapes other than \", which is all that the files have */
    Json *found = calloc(1, sizeof *found), **place = &found->first;
    *at += strspn(*at, " \n\t,");
    if (**at == '{' || **at == '[') {
        char end = *(*at)++ == '{' ? '}' : ']';
        for (found->text = ""; *at += strspn(*at, " \n\t,"), **at && **at != end; place = &(*place)->next) {
            char *name = NULL;
            if (end == '}') name = parse(at)->text, *at += strspn(*at, " :");
            (*place = parse(at))->name = name;
        }
        ++*at;
    } else if (**at == '"') {
        found->text = ++*at;
        while (**at != '"') *at += **at == '\\' ? 2 : 1;
        *(*at)++ = 0;
    } else if (strchr("tfn", **at)) { /* true is 1; false and null are 0 */
        found->number = **at == 't';
        *at += strspn(*at, "truefalsn");
    } else found->number = strtod(*at, at);
    return found;
}

static Json *member(Json *of, const char *name) {
    for (of = of->first; of && strcmp(of->name, name); of = of->next) {}
    if (!of) fprintf(stderr, "no %s\n", name), exit(1);
    return of;
}

static double sum(Json *values) { /* of a group of named values */
    double total = 0;
    for (Json *value = values->first; value; value = value->next)
        for (Json *x = value->first ? member(value, "data")->first : value; x; x = value->first ? x->next : NULL)
            if (!x->text) total += x->number;
    return total;
}

int main(int n, char **words) {
    FILE *file = n > 1 ? fopen(words[1], "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END)) return fprintf(stderr, "no such file\n"), 1;
    long size = ftell(file);
    char *text = calloc(1, size + 1), *at = text;
    rewind(file);
    if (fread(text, 1, size, file) != (size_t)size) return 1;
    for (Json *one = member(parse(&at), "cases")->first; one; one = one->next)
        for (Json *answer = member(one, "expected")->first; answer; answer = answer->next)
            printf("%s %s %.17g\n", member(one, "id")->text, answer->name,
                   sum(member(one, "inputs")) + sum(member(answer, "outputs")));
    return 0;
}
