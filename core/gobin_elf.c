/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gobin_elf.h"

#include <elf.h>

/* The first header; one of 32 bits as one of 64. */
static Elf64_Ehdr elf_header(const char *head)
{
	Elf64_Ehdr e;
	Elf32_Ehdr narrow;

	memcpy(&e, head, sizeof(e));
	if (e.e_ident[EI_CLASS] == ELFCLASS32) {
		memcpy(&narrow, head, sizeof(narrow));
		e.e_phoff = narrow.e_phoff;
		e.e_phentsize = narrow.e_phentsize;
		e.e_phnum = narrow.e_phnum;
	}
	return e;
}

static size_t program_header_size(const Elf64_Ehdr *e)
{
	return e->e_ident[EI_CLASS] == ELFCLASS32 ? sizeof(Elf32_Phdr)
						  : sizeof(Elf64_Phdr);
}

/* Program header i, likewise. */
static Elf64_Phdr program_header(const char *head, const Elf64_Ehdr *e, size_t i)
{
	const char *at = head + e->e_phoff + i * program_header_size(e);
	Elf64_Phdr p;
	Elf32_Phdr narrow;

	if (e->e_ident[EI_CLASS] != ELFCLASS32) {
		memcpy(&p, at, sizeof(p));
		return p;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (Elf64_Phdr){.p_type = narrow.p_type,
			    .p_flags = narrow.p_flags,
			    .p_offset = narrow.p_offset,
			    .p_filesz = narrow.p_filesz,
			    .p_vaddr = narrow.p_vaddr};
}

size_t gobin_head_size(const void *head, uint64_t file_size)
{
	Elf64_Ehdr e = elf_header(head);
	uint64_t end;

	if (memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 ||
	    (e.e_ident[EI_CLASS] != ELFCLASS64 && e.e_ident[EI_CLASS] != ELFCLASS32) ||
	    e.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (e.e_type != ET_EXEC && e.e_type != ET_DYN) ||
	    e.e_phentsize != program_header_size(&e) || e.e_phoff > GOBIN_HEAD_MAX)
		return 0;
	end = e.e_phoff + (uint64_t)e.e_phnum * e.e_phentsize;
	if (end > GOBIN_HEAD_MAX || end > file_size)
		return 0;
	return end < sizeof(e) ? sizeof(e) : (size_t)end;
}

/* Are there constants in segments of their own? Older linkers lay them into that of
 * the code. */
static bool has_constants(const char *head, const Elf64_Ehdr *e)
{
	for (size_t i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr p = program_header(head, e, i);

		if (p.p_type == PT_LOAD && !(p.p_flags & (PF_W | PF_X)))
			return true;
	}
	return false;
}

void gobin_find_segments(const char *head, uint64_t file_size,
			 struct gobin_segments *out)
{
	Elf64_Ehdr e = elf_header(head);
	bool pass_code = has_constants(head, &e);

	for (size_t i = 0; i < e.e_phnum && out->count < ARRAY_LEN(out->at); i++) {
		Elf64_Phdr p = program_header(head, &e, i);

		if (pass_code && (p.p_flags & (PF_W | PF_X)) == PF_X)
			continue;
		/* a separate file of debug information has segments beyond its end */
		if (p.p_type != PT_LOAD || p.p_offset > file_size ||
		    p.p_filesz > file_size - p.p_offset ||
		    p.p_vaddr > UINT64_MAX - p.p_filesz)
			continue;
		out->at[out->count++] = (struct gobin_segment){
			.offset = p.p_offset,
			.size = p.p_filesz,
			.address = p.p_vaddr,
			.writable = p.p_flags & PF_W,
		};
	}
}
