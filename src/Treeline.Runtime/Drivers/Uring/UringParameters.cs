using System.Runtime.InteropServices;

namespace Treeline.Drivers.Uring;

/// <summary>What a ring is made with, and where its parts are: <c>struct io_uring_params</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct UringParameters
{
    [FieldOffset(0)]
    public uint Submissions;

    [FieldOffset(4)]
    public uint Completions;

    [FieldOffset(8)]
    public uint Flags;

    [FieldOffset(40)]
    public uint SubmissionHead;

    [FieldOffset(44)]
    public uint SubmissionTail;

    [FieldOffset(56)]
    public uint SubmissionFlags;

    [FieldOffset(64)]
    public uint SubmissionArray;

    [FieldOffset(80)]
    public uint CompletionHead;

    [FieldOffset(84)]
    public uint CompletionTail;

    [FieldOffset(100)]
    public uint CompletionEntries;
}
