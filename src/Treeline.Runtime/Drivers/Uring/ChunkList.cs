using System.Diagnostics;

namespace Treeline.Drivers.Uring;

/// <summary>Chunks in order. A field of whoever owns them, or on its stack.</summary>
internal unsafe struct ChunkList
{
    public Chunk* First;
    public Chunk* Last;

    /// <summary>How many.</summary>
    public int Count;

    public readonly bool IsEmpty => First is null;

    public void Append(Chunk* chunk)
    {
        Debug.Assert(chunk->Next is null, "A chunk is in one list.");
        if (First is null)
        {
            First = chunk;
        }
        else
        {
            Last->Next = chunk;
        }

        Last = chunk;
        Count++;
    }

    /// <summary>Puts all of <paramref name="list"/> behind, and leaves it empty.</summary>
    public void Append(ref ChunkList list)
    {
        if (list.IsEmpty)
        {
            return;
        }

        if (First is null)
        {
            First = list.First;
        }
        else
        {
            Last->Next = list.First;
        }

        Last = list.Last;
        Count += list.Count;
        list = default;
    }

    public Chunk* TakeFirst()
    {
        Chunk* chunk = First;
        First = chunk->Next;
        chunk->Next = null;
        Count--;
        if (First is null)
        {
            Last = null;
        }

        return chunk;
    }

    /// <summary>Takes all of it out.</summary>
    public ChunkList TakeAll()
    {
        ChunkList all = this;
        this = default;
        return all;
    }

    /// <summary>
    /// Copies as many bytes as fit, and takes them out unless <paramref name="peeks"/>; the chunks that this empties go to
    /// <paramref name="driver"/>.
    /// </summary>
    public int CopyTo(Span<byte> target, bool peeks, UringDriver driver)
    {
        int copied = 0;
        for (Chunk* chunk = First; chunk is not null && copied < target.Length;)
        {
            Span<byte> bytes = Chunk.Filled(chunk);
            int length = Math.Min(bytes.Length, target.Length - copied);
            bytes[..length].CopyTo(target[copied..]);
            copied += length;
            Chunk* next = chunk->Next;
            if (!peeks)
            {
                chunk->Start += length;
                if (chunk->Start == chunk->End)
                {
                    driver.Recycle(TakeFirst());
                }
            }

            chunk = next;
        }

        return copied;
    }
}
