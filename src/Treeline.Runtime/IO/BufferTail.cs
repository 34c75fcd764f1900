using System.Collections;

namespace Treeline.IO;

/// <summary>What is left of several buffers when some of their bytes have been written.</summary>
internal sealed class BufferTail(IReadOnlyList<ReadOnlyMemory<byte>> buffers) : IReadOnlyList<ReadOnlyMemory<byte>>
{
    private int _first;
    private int _offset; // into the first that is left

    public int Count => buffers.Count - _first;

    public ReadOnlyMemory<byte> this[int index] => index == 0 ? buffers[_first][_offset..] : buffers[_first + index];

    /// <summary>So many more bytes are written. Buffers with nothing left go.</summary>
    public void Skip(int written)
    {
        _offset += written;
        while (_first < buffers.Count && _offset >= buffers[_first].Length)
        {
            _offset -= buffers[_first].Length;
            _first++;
        }
    }

    public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
